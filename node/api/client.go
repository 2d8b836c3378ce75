package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"iconet.example/node/office"
)

// ErrUnreachable says that no node answers on the control socket.
var ErrUnreachable = errors.New("no node is running there")

// Client asks a running node through its control socket. A refusal is a *[Problem].
type Client struct {
	Token  string // of a session; empty for the operator's questions
	Lang   string // of messages: "en" or "fr"
	socket string
	http   *http.Client
}

// NewClient asks the node whose control socket has a path. Nothing is connected yet.
func NewClient(socket string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", socket)
	}
	return &Client{socket: socket, http: &http.Client{Transport: &http.Transport{DialContext: dial, MaxIdleConnsPerHost: 64}}}
}

// Do sends a request and decodes the answer into out, unless out is nil.
func (c *Client) Do(ctx context.Context, method, path string, in, out any) error {
	resp, err := c.send(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if out == nil {
		_, err = io.Copy(io.Discard, resp.Body)
	} else {
		dec := json.NewDecoder(resp.Body)
		dec.UseNumber()
		err = dec.Decode(out)
	}
	if err != nil {
		return fmt.Errorf("reading the node's answer: %w", err)
	}
	return nil
}

func (c *Client) send(ctx context.Context, method, path string, in any) (*http.Response, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("encoding a request: %w", err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://node"+path, body)
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	req.Header.Set("Accept-Language", c.Lang)
	resp, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("waiting for the node: %w", ctx.Err())
		}
		return nil, fmt.Errorf("%w: nothing answers on %s", ErrUnreachable, c.socket)
	}
	if resp.StatusCode < 300 {
		return resp, nil
	}
	defer resp.Body.Close()
	p := &Problem{Status: resp.StatusCode, Title: resp.Status}
	if err := json.NewDecoder(resp.Body).Decode(p); err != nil {
		return nil, fmt.Errorf("the node answered %s: %w", resp.Status, err)
	}
	return nil, p
}

// SignIn begins a session, which the client uses from then on.
func (c *Client) SignIn(ctx context.Context, login, password string) (*Session, error) {
	s := &Session{}
	if err := c.Do(ctx, http.MethodPost, "/v1/session", Credentials{Login: login, Password: password}, s); err != nil {
		return nil, err
	}
	c.Token = s.Token
	return s, nil
}

// Status asks how the node does.
func (c *Client) Status(ctx context.Context) (*Status, error) {
	s := &Status{}
	return s, c.Do(ctx, http.MethodGet, "/v1/status", nil, s)
}

// Publish publishes an item.
func (c *Client) Publish(ctx context.Context, s *Submission) (*Published, error) {
	p := &Published{}
	return p, c.Do(ctx, http.MethodPost, "/v1/items", s, p)
}

// List gives a page of items; the query has the parameters of GET /v1/items.
func (c *Client) List(ctx context.Context, q url.Values) (*office.List, error) {
	l := &office.List{}
	return l, c.Do(ctx, http.MethodGet, "/v1/items?"+q.Encode(), nil, l)
}

// Show gives an item by id or reference.
func (c *Client) Show(ctx context.Context, id string) (*office.Document, error) {
	d := &office.Document{}
	return d, c.Do(ctx, http.MethodGet, "/v1/items/"+url.PathEscape(id), nil, d)
}

// Watch calls fn for each item that becomes readable until ctx ends, the node stops or fn fails.
func (c *Client) Watch(ctx context.Context, q url.Values, fn func(*office.Summary) error) error {
	resp, err := c.send(ctx, http.MethodGet, "/v1/watch?"+q.Encode(), nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	dec := json.NewDecoder(resp.Body)
	for {
		s := &office.Summary{}
		if err := dec.Decode(s); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("the node ended the watch: %w", ErrUnreachable)
		}
		if err := fn(s); err != nil {
			return err
		}
	}
}

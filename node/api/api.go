package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"iconet.example/federation"
	"iconet.example/federation/policy"
	"iconet.example/node/account"
	"iconet.example/node/audit"
	"iconet.example/node/office"
)

// maxBody bounds a request in bytes.
const maxBody = 1 << 20

// Node is the running node as its operator sees it.
type Node interface {
	Status() Status
	Peers() []Peer
	Keys() []Key
	Doctor() []Check
	// Verify checks the node's data from first principles.
	Verify(context.Context) (*Report, error)
	// Admit takes enrolments at the coordinator's desk; ErrDenied at another node.
	Admit(enrolments ...[]byte) error
	// Bundle gives the documents in force as a file for a new node.
	Bundle() ([]byte, error)
}

// Config is what the handler needs; all fields are required.
type Config struct {
	Self     federation.MemberCode
	Office   *office.Office
	Accounts *account.Service
	Trail    *office.Trail
	Node     Node
	Done     <-chan struct{} // closed when the node stops, so that watches end
	Now      func() time.Time
	Logger   *slog.Logger
}

type handler struct{ c Config }

// New gives the handler of the control socket.
func New(c Config) http.Handler {
	h := &handler{c: c}
	mux := http.NewServeMux()
	for pattern, fn := range map[string]func(*http.Request) (any, error){
		"GET /v1/status":      func(*http.Request) (any, error) { return c.Node.Status(), nil },
		"GET /v1/peers":       func(*http.Request) (any, error) { return c.Node.Peers(), nil },
		"GET /v1/keys":        func(*http.Request) (any, error) { return c.Node.Keys(), nil },
		"GET /v1/doctor":      func(*http.Request) (any, error) { return c.Node.Doctor(), nil },
		"GET /v1/structure":   func(*http.Request) (any, error) { return c.Office.Structure(), nil },
		"GET /v1/bundle":      func(*http.Request) (any, error) { b, err := c.Node.Bundle(); return json.RawMessage(b), err },
		"POST /v1/members":    h.admit,
		"POST /v1/users":      h.addUser,
		"POST /v1/session":    h.signIn,
		"DELETE /v1/session":  h.signOut,
		"GET /v1/session":     h.person(h.whoami),
		"GET /v1/items":       h.person(h.list),
		"POST /v1/items":      h.person(h.publish),
		"POST /v1/review":     h.person(h.review),
		"GET /v1/items/{id}":  h.person(h.show),
		"GET /v1/verify/{id}": h.person(h.verify),
		"GET /v1/export/{id}": h.person(h.export),
	} {
		mux.HandleFunc(pattern, h.answer(fn))
	}
	mux.HandleFunc("GET /v1/watch", h.watch)
	mux.HandleFunc("GET /v1/check", h.check)
	return mux
}

// answer writes what fn gives, or its refusal.
func (h *handler) answer(fn func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		v, err := fn(r)
		if err != nil {
			h.refuse(w, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(v); err != nil {
			h.c.Logger.Debug("answering", "error", err)
		}
	}
}

// check takes as long as the data need.
func (h *handler) check(w http.ResponseWriter, r *http.Request) {
	if err := http.NewResponseController(w).SetWriteDeadline(time.Time{}); err != nil {
		h.refuse(w, err)
		return
	}
	h.answer(func(r *http.Request) (any, error) { return h.c.Node.Verify(r.Context()) })(w, r)
}

// read decodes a request strictly.
func read(r *http.Request, to any) error {
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	dec.UseNumber()
	if err := dec.Decode(to); err != nil {
		return fmt.Errorf("reading the request: %w: %w", err, federation.ErrInvalid)
	}
	if dec.More() {
		return fmt.Errorf("the request goes on after its object: %w", federation.ErrInvalid)
	}
	return nil
}

// session gives who asks.
func (h *handler) session(r *http.Request) (*account.Session, error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if ok {
		if s, err := h.c.Accounts.Resume(token); err == nil {
			return s, nil
		}
	}
	return nil, problem(SignedOut, http.StatusUnauthorized, "you are not signed in, or the session has ended", "iconet auth login LOGIN", nil)
}

// person wraps an act of an official.
func (h *handler) person(fn func(*http.Request, policy.Subject) (any, error)) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		s, err := h.session(r)
		if err != nil {
			return nil, err
		}
		return fn(r, s.Official.Subject(h.c.Self))
	}
}

func (h *handler) signIn(r *http.Request) (any, error) {
	var c Credentials
	if err := read(r, &c); err != nil {
		return nil, err
	}
	s, err := office.SignIn(h.c.Accounts, h.c.Trail, c.Login, c.Password)
	if errors.Is(err, federation.ErrDenied) {
		return nil, problem(NotAllowed, http.StatusForbidden, "login and password do not fit, or there were too many tries", "check both; after five failures wait half a minute", nil)
	}
	if err != nil {
		return nil, err
	}
	return Session{Token: s.Token, Official: official(s.Official)}, nil
}

func (h *handler) signOut(r *http.Request) (any, error) {
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		h.c.Accounts.SignOut(token)
	}
	return struct{}{}, nil
}

func (h *handler) whoami(r *http.Request, _ policy.Subject) (any, error) {
	s, err := h.session(r)
	if err != nil {
		return nil, err
	}
	return official(s.Official), nil
}

// addUser appoints an official. The operator may appoint the first one; after that it takes a session with the right.
func (h *handler) addUser(r *http.Request) (any, error) {
	line := audit.Line{Actor: "operator", Action: string(policy.Users), Decision: "allowed", Reason: "first official of the node"}
	if !h.c.Accounts.Empty() {
		s, err := h.session(r)
		if err != nil {
			return nil, err
		}
		d := policy.Decide(s.Official.Subject(h.c.Self), policy.Users, policy.Object{Owner: h.c.Self})
		line.Actor, line.Reason = s.Official.ID, d.Reason
		if !d.Allowed {
			line.Decision = "refused"
			if err := h.c.Trail.Record(line); err != nil {
				return nil, err
			}
			return nil, fmt.Errorf("appointing an official: %s: %w", d.Reason, federation.ErrDenied)
		}
	}
	var u NewUser
	if err := read(r, &u); err != nil {
		return nil, err
	}
	first := policy.Subject{Official: "first", Member: h.c.Self, Roles: u.Roles, Elements: u.Elements}
	if h.c.Accounts.Empty() && !policy.Decide(first, policy.Users, policy.Object{Owner: h.c.Self}).Allowed {
		return nil, fmt.Errorf("the first official of a node must be able to appoint others: give the role %s, or %s: %w", policy.ContactPoint, policy.Administrator, federation.ErrInvalid)
	}
	id, err := h.c.Accounts.Add(account.Official{Login: u.Login, Function: u.Function, Unit: u.Unit, Roles: u.Roles, Elements: u.Elements}, u.Password)
	if err != nil {
		return nil, err
	}
	line.Object = id
	if err := h.c.Trail.Record(line); err != nil {
		return nil, err
	}
	return User{Login: u.Login, Function: u.Function, Unit: u.Unit, Roles: u.Roles, Elements: u.Elements}, nil
}

func (h *handler) admit(r *http.Request) (any, error) {
	var in Admission
	if err := read(r, &in); err != nil {
		return nil, err
	}
	files := make([][]byte, len(in.Enrolments))
	for i, f := range in.Enrolments {
		files[i] = f
	}
	line := audit.Line{Actor: "operator", Action: string(policy.Members), Object: fmt.Sprintf("%d enrolments", len(files)), Decision: "allowed"}
	if err := h.c.Trail.Record(line); err != nil {
		return nil, err
	}
	if err := h.c.Node.Admit(files...); err != nil {
		return nil, err
	}
	return h.c.Node.Peers(), nil
}

package node

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"iconet.example/federation"
	"iconet.example/federation/policy"
	"iconet.example/node/account"
)

// visitor is a browser without a screen.
type visitor struct {
	t    *testing.T
	base string
	http *http.Client
}

func visit(t *testing.T, n *Node) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range n.doors {
		if d.name == "portal" {
			return &visitor{t: t, base: "http://" + d.listener.Addr().String(), http: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
		}
	}
	t.Fatal("the node has no portal")
	return nil
}

// ask sends a request under the portal's name and gives the answer with its body.
func (v *visitor) ask(method, path string, form url.Values, change func(*http.Request)) (*http.Response, string) {
	v.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(v.t.Context(), method, v.base+path, body)
	if err != nil {
		v.t.Fatal(err)
	}
	req.Host = "localhost"
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if change != nil {
		change(req)
	}
	resp, err := v.http.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
		"Strict-Transport-Security": "max-age=63072000; includeSubDomains; preload"} {
		if got := resp.Header.Get(name); got != want {
			v.t.Errorf("%s %s: %s is %q", method, path, name, got)
		}
	}
	if csp := resp.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'; script-src 'nonce-") || resp.Header.Get("Server") != "" {
		v.t.Errorf("%s %s: content policy %q, server %q", method, path, csp, resp.Header.Get("Server"))
	}
	return resp, string(b)
}

var tokenPattern = regexp.MustCompile(`name="token" value="([^"]+)"`)

func TestPortalRefusesWhatItMust(t *testing.T) {
	nodes, _ := run(t, "FR", "DE")
	fr := nodes["FR"]
	const password = "a password that is long enough"
	_, err := fr.accounts.Add(account.Official{Login: "analyst", Function: "Analyst", Roles: []policy.Role{policy.Reader, policy.Validator}, Elements: []federation.ElementCode{"EWS"}}, password)
	if err != nil {
		t.Fatal(err)
	}
	v := visit(t, fr)
	status := func(want int, what, method, path string, form url.Values, change func(*http.Request)) string {
		t.Helper()
		resp, body := v.ask(method, path, form, change)
		if resp.StatusCode != want {
			t.Errorf("%s: %s, want %d", what, resp.Status, want)
		}
		return body
	}
	status(303, "no session", "GET", "/alerts", nil, nil)
	status(401, "no session, posting", "POST", "/compose/EWS-01", url.Values{"a": {"b"}}, nil)
	status(421, "another host", "GET", "/login", nil, func(r *http.Request) { r.Host = "evil.example" })
	status(403, "from another site", "POST", "/login", url.Values{}, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") })
	status(405, "TRACE", "TRACE", "/login", nil, nil)
	status(404, "not there", "GET", "/nothing", nil, nil)
	status(413, "a large form", "POST", "/login", url.Values{"login": {strings.Repeat("x", 2<<20)}}, nil)
	status(400, "a password of a megabyte", "POST", "/login", url.Values{"login": {"analyst"}, "password": {strings.Repeat("x", 900<<10)}}, nil)
	status(401, "a wrong password", "POST", "/login", url.Values{"login": {"analyst"}, "password": {"wrong"}}, nil)
	resp, _ := v.ask("POST", "/login", url.Values{"login": {"analyst"}, "password": {password}, "next": {"//evil.example"}}, nil)
	if resp.StatusCode != 303 || resp.Header.Get("Location") != "/" {
		t.Errorf("signing in: %s to %q", resp.Status, resp.Header.Get("Location"))
	}
	for _, c := range resp.Cookies() {
		if c.Name != "iconet-dev-FR" || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Domain != "" || len(c.Value) != 43 {
			t.Errorf("the cookie is %s", c)
		}
	}
	form := status(200, "the form", "GET", "/compose/EWS-01", nil, nil)
	token := tokenPattern.FindStringSubmatch(form)
	if token == nil {
		t.Fatal("the form has no token")
	}
	status(403, "a form without its token", "POST", "/compose/EWS-01", url.Values{}, nil)
	status(400, "a field that is none", "POST", "/compose/EWS-01", url.Values{"token": {token[1]}, "fields.surname": {"x"}}, nil)
	status(404, "a form that is none", "GET", "/compose/EWS-99", nil, nil)
	script := status(422, "script in a field", "POST", "/compose/EWS-01", url.Values{"token": {token[1]}, "header.title": {`"><script>alert(1)</script>`}}, nil)
	if strings.Contains(script, "<script>") || !strings.Contains(script, "&lt;script&gt;") {
		t.Error("script text is not escaped")
	}
	// An item that is not addressed to this node looks like one that does not exist.
	nobody := status(404, "a random id", "GET", "/items/0d8f0f6e-9c1b-4f6e-8a53-2f6d6c1f0a11", nil, nil)
	foreign, err := nodes["DE"].office.Publish(t.Context(), analyst("DE"), warning("COM"))
	if err != nil {
		t.Fatal(err)
	}
	hidden := status(404, "an item of others", "GET", "/items/"+foreign.ID.String(), nil, nil)
	same := func(s string) string {
		return regexp.MustCompile(`nonce="[^"]*"|/items/[0-9a-f-]+|items%2F[0-9a-f-]+`).ReplaceAllString(s, "")
	}
	if same(nobody) != same(hidden) {
		t.Error("an item of others can be told from one that does not exist")
	}
}

func TestLoginFailuresMakeTheLoginWait(t *testing.T) {
	nodes, _ := run(t, "FR")
	fr := nodes["FR"]
	const password = "a password that is long enough"
	if _, err := fr.accounts.Add(account.Official{Login: "analyst", Function: "Analyst", Roles: []policy.Role{policy.Reader}, Elements: []federation.ElementCode{"EWS"}}, password); err != nil {
		t.Fatal(err)
	}
	v := visit(t, fr)
	for i := range 5 {
		if resp, _ := v.ask("POST", "/login", url.Values{"login": {"analyst"}, "password": {fmt.Sprintf("wrong %d", i)}}, nil); resp.StatusCode != 401 {
			t.Fatalf("failure %d: %s", i, resp.Status)
		}
	}
	if resp, _ := v.ask("POST", "/login", url.Values{"login": {"analyst"}, "password": {password}}, nil); resp.StatusCode != 401 {
		t.Errorf("right after five failures the login is not held back: %s", resp.Status)
	}
	if resp, _ := v.ask("POST", "/login", url.Values{"login": {"nobody"}, "password": {password}}, nil); resp.StatusCode != 401 {
		t.Errorf("an unknown login: %s", resp.Status)
	}
}

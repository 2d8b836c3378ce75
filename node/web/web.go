package web

import (
	"embed"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"iconet.example/federation"
	"iconet.example/federation/directory"
	"iconet.example/federation/replica"
	"iconet.example/node/account"
	"iconet.example/node/office"
)

// Config is what the portal needs; all fields are required.
type Config struct {
	Self        federation.MemberCode
	Host        string // the name and port in the address bar
	TestNetwork bool
	Secure      bool // served over TLS
	Office      *office.Office
	Accounts    *account.Service
	Trail       *office.Trail
	View        func() *directory.View
	Peers       func() []replica.Status
	Now         func() time.Time
	Logger      *slog.Logger
}

//go:embed templates/*.html static/style.css messages/*.toml
var assets embed.FS

// portal is the handler with what it needs.
type portal struct {
	c         Config
	templates *templates
	messages  map[string]*catalogue // by language
	css       string                // path of the style sheet, with its hash
	limit     *limiter
}

// maxForm bounds a posted form in bytes.
const maxForm = 1 << 20

// New gives the portal's handler. An error says that an embedded page or message is not in order.
func New(c Config) (http.Handler, error) {
	p := &portal{c: c, limit: newLimiter(c.Now)}
	var err error
	if p.messages, err = loadMessages(); err != nil {
		return nil, fmt.Errorf("reading the portal's messages: %w", err)
	}
	if p.templates, err = parseTemplates(); err != nil {
		return nil, fmt.Errorf("reading the portal's pages: %w", err)
	}
	static, path, err := styleSheet()
	if err != nil {
		return nil, err
	}
	p.css = path
	mux := http.NewServeMux()
	mux.Handle("GET "+path, static)
	mux.HandleFunc("POST /csp-report", p.cspReport)
	mux.HandleFunc("GET /login", p.loginPage)
	mux.HandleFunc("POST /login", p.login)
	mux.HandleFunc("POST /logout", p.logout)
	for path, name := range map[string]string{"/help": "help", "/accessibility": "accessibility", "/about": "about"} {
		mux.HandleFunc("GET "+path, p.plain(name))
	}
	for pattern, fn := range map[string]personHandler{
		"GET /{$}":             func(v *visit) { v.redirect("/alerts") },
		"GET /alerts":          p.alerts,
		"GET /items/{id}":      p.item,
		"GET /items/{id}/sent": p.sent,
		"GET /compose":         p.chooseForm,
		"GET /compose/{form}":  p.compose,
		"POST /compose/{form}": p.submit,
		"GET /network":         p.network,
	} {
		mux.HandleFunc(pattern, p.person(fn))
	}
	mux.HandleFunc("GET /", p.notFound)
	return p.secure(mux), nil
}

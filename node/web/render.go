package web

import (
	"bytes"
	"context"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"iconet.example/federation"
	"iconet.example/node/account"
)

// templates are the pages by name, each with the frame and the parts.
type templates struct{ byName map[string]*template.Template }

// parts are the files that every page can use.
var parts = []string{"templates/frame.html", "templates/parts.html"}

func parseTemplates() (*templates, error) {
	base, err := template.New("frame").ParseFS(assets, parts...)
	if err != nil {
		return nil, err
	}
	entries, err := assets.ReadDir("templates")
	if err != nil {
		return nil, err
	}
	out := &templates{byName: map[string]*template.Template{}}
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), ".html")
		if name == "frame" || name == "parts" {
			continue
		}
		t, err := base.Clone()
		if err != nil {
			return nil, err
		}
		if out.byName[name], err = t.ParseFS(assets, path.Join("templates", e.Name())); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// page is what a template sees: the frame's own data and what the page is about.
type page struct {
	*catalogue
	Title     string // of this page, the h1
	Problem   bool   // the page reports errors
	Self      federation.MemberCode
	Name      string // of the member
	Official  *account.Official
	MayWrite  bool
	Nonce     string
	CSS       string
	Test      bool
	Token     string // of forms
	Path      string // of this page, for the language links
	Query     url.Values
	Here      string // entry of the navigation
	Crumbs    []crumb
	Structure uint32
	Directory uint32
	Content   any
}

type crumb struct{ Href, Text string }

// Lang is the language of the page.
func (p *page) Lang() string { return p.lang }

// T says a sentence.
func (p *page) T(key string, args ...any) string { return p.say(key, args...) }

// N says a sentence about a number.
func (p *page) N(key string, n int) string { return p.count(key, n) }

// Time writes a time.
func (p *page) Time(t time.Time) template.HTML {
	if t.IsZero() {
		return template.HTML("–")
	}
	return template.HTML(fmt.Sprintf(`<time datetime="%s">%s</time>`, t.UTC().Format(time.RFC3339), template.HTMLEscapeString(p.moment(t))))
}

// With hands a part its own data together with the page.
func (p *page) With(data any) map[string]any { return map[string]any{"P": p, "D": data} }

// In gives the address of this page in a language, with its filters.
func (p *page) In(lang string) string {
	q := url.Values{}
	for name, values := range p.Query {
		if name != "lang" {
			q[name] = values
		}
	}
	q.Set("lang", lang)
	return p.Path + "?" + q.Encode()
}

// Languages offers the others.
func (p *page) Languages() []string { return languages }

type nonceKey struct{}

func withNonce(ctx context.Context, nonce string) context.Context {
	return context.WithValue(ctx, nonceKey{}, nonce)
}

// newPage fills in what the frame needs.
func (p *portal) newPage(w http.ResponseWriter, r *http.Request, s *account.Session) *page {
	view := p.c.View()
	pg := &page{catalogue: p.language(w, r), Self: p.c.Self, CSS: p.css, Test: p.c.TestNetwork, Path: r.URL.Path, Query: r.URL.Query(),
		Structure: view.Structure.Version, Directory: view.Directory.Version}
	pg.Nonce, _ = r.Context().Value(nonceKey{}).(string)
	if m, ok := view.Member(p.c.Self); ok {
		pg.Name, _ = m.Name.In(pg.lang)
	}
	if s != nil {
		pg.Official, pg.Token = s.Official, formToken(s.Token)
		pg.MayWrite = len(p.c.Office.MayPublish(s.Official.Subject(p.c.Self))) > 0
	}
	return pg
}

// show renders a page whole before anything of it is sent, so that a failure is a proper error page.
func (p *portal) show(w http.ResponseWriter, status int, name string, pg *page) {
	var b bytes.Buffer
	if err := p.templates.byName[name].ExecuteTemplate(&b, "frame", pg); err != nil {
		p.c.Logger.Error("rendering a page", "page", name, "error", err)
		http.Error(w, pg.T("error.internal"), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", pg.lang)
	w.WriteHeader(status)
	if _, err := w.Write(b.Bytes()); err != nil {
		p.c.Logger.Debug("answering", "error", err)
	}
}

// refuse shows an error page with a sentence of the catalogue.
func (p *portal) refuse(w http.ResponseWriter, r *http.Request, status int, key string) {
	pg := p.newPage(w, r, p.session(r))
	pg.Title, pg.Problem = pg.T(key), true
	pg.Content = pg.T(key + ".help")
	p.show(w, status, "problem", pg)
}

func (p *portal) notFound(w http.ResponseWriter, r *http.Request) {
	p.refuse(w, r, http.StatusNotFound, "error.not_found")
}

// plain shows a page that depends on nothing but its language.
func (p *portal) plain(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		pg := p.newPage(w, r, p.session(r))
		pg.Title = pg.T("nav." + name)
		p.show(w, http.StatusOK, name, pg)
	}
}

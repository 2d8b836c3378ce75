package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"iconet.example/federation"
	"iconet.example/federation/policy"
	"iconet.example/node/account"
	"iconet.example/node/office"
)

// cookieName carries the member's code because cookies do not tell ports apart.
func (p *portal) cookieName() string {
	prefix := "iconet-dev-" // a test network has no TLS, which the __Host- prefix demands
	if p.c.Secure {
		prefix = "__Host-iconet-"
	}
	return prefix + strings.ReplaceAll(string(p.c.Self), ":", "-")
}

// session gives the session of a request, or nil.
func (p *portal) session(r *http.Request) *account.Session {
	k, err := r.Cookie(p.cookieName())
	if err != nil {
		return nil
	}
	s, err := p.c.Accounts.Resume(k.Value)
	if err != nil {
		return nil
	}
	return s
}

// formToken is what each form of a session carries: another site knows neither it nor the cookie.
func formToken(session string) string {
	mac := hmac.New(sha256.New, []byte(session))
	mac.Write([]byte("iconet/1/form"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// visit is a request of a signed-in official.
type visit struct {
	p   *portal
	w   http.ResponseWriter
	r   *http.Request
	s   *account.Session
	who policy.Subject
	page
}

type personHandler func(*visit)

// person admits signed-in officials. Others are asked to sign in; what they posted is kept in the page that asks.
func (p *portal) person(next personHandler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s := p.session(r)
		if s == nil {
			p.askToSignIn(w, r)
			return
		}
		if r.Method == http.MethodPost {
			if err := r.ParseForm(); err != nil {
				p.refuse(w, r, formStatus(err), "error.form")
				return
			}
			if !hmac.Equal([]byte(r.PostForm.Get("token")), []byte(formToken(s.Token))) {
				p.refuse(w, r, http.StatusForbidden, "error.cross_site")
				return
			}
		}
		next(p.visit(w, r, s))
	}
}

func (p *portal) visit(w http.ResponseWriter, r *http.Request, s *account.Session) *visit {
	return &visit{p: p, w: w, r: r, s: s, who: s.Official.Subject(p.c.Self), page: *p.newPage(w, r, s)}
}

func formStatus(err error) int {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusBadRequest
}

func (v *visit) redirect(to string) { http.Redirect(v.w, v.r, to, http.StatusSeeOther) }

// show renders the visit's page.
func (v *visit) show(status int, name string, content any) {
	v.Content = content
	v.p.show(v.w, status, name, &v.page)
}

// fail shows what went wrong. What may not be seen and what does not exist look the same.
func (v *visit) fail(err error) {
	switch {
	case errors.Is(err, federation.ErrNotFound):
		v.p.refuse(v.w, v.r, http.StatusNotFound, "error.not_found")
	case errors.Is(err, federation.ErrDenied):
		v.p.refuse(v.w, v.r, http.StatusForbidden, "error.forbidden")
	case errors.Is(err, federation.ErrInvalid):
		v.p.refuse(v.w, v.r, http.StatusBadRequest, "error.form")
	case errors.Is(err, federation.ErrStale):
		v.p.refuse(v.w, v.r, http.StatusServiceUnavailable, "error.stale")
	default:
		v.p.c.Logger.Error("answering a request", "path", v.r.URL.Path, "error", err)
		v.p.refuse(v.w, v.r, http.StatusInternalServerError, "error.internal")
	}
}

// signingIn is what the sign-in page shows.
type signingIn struct {
	Error  string
	Next   string // path to go to
	Resume string // form that was posted in a session that had ended
	Login  string
}

func (p *portal) askToSignIn(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		http.Redirect(w, r, "/login?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
		return
	}
	if err := r.ParseForm(); err != nil {
		p.refuse(w, r, formStatus(err), "error.form")
		return
	}
	pg := p.newPage(w, r, nil)
	p.showLogin(w, http.StatusUnauthorized, pg, signingIn{Error: pg.T("error.session"), Next: r.URL.Path, Resume: r.PostForm.Encode()})
}

func (p *portal) showLogin(w http.ResponseWriter, status int, pg *page, in signingIn) {
	pg.Title, pg.Problem, pg.Path = pg.T("login.title"), in.Error != "", "/login"
	pg.Content = in
	p.show(w, status, "login", pg)
}

func (p *portal) loginPage(w http.ResponseWriter, r *http.Request) {
	if p.session(r) != nil {
		http.Redirect(w, r, local(r.URL.Query().Get("next")), http.StatusSeeOther)
		return
	}
	p.showLogin(w, http.StatusOK, p.newPage(w, r, nil), signingIn{Next: local(r.URL.Query().Get("next"))})
}

// local keeps a redirect on this site: a path, never another host.
func local(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n") {
		return "/"
	}
	return next
}

func (p *portal) login(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		p.refuse(w, r, formStatus(err), "error.form")
		return
	}
	pg := p.newPage(w, r, nil)
	in := signingIn{Next: local(r.PostForm.Get("next")), Resume: r.PostForm.Get("resume"), Login: r.PostForm.Get("login")}
	if !p.limit.allow(r) {
		in.Error = pg.T("login.busy")
		w.Header().Set("Retry-After", "30")
		p.showLogin(w, http.StatusTooManyRequests, pg, in)
		return
	}
	s, err := office.SignIn(p.c.Accounts, p.c.Trail, in.Login, r.PostForm.Get("password"))
	switch {
	case errors.Is(err, account.ErrBusy):
		in.Error = pg.T("login.busy")
		w.Header().Set("Retry-After", "5")
		p.showLogin(w, http.StatusServiceUnavailable, pg, in)
		return
	case errors.Is(err, federation.ErrInvalid):
		in.Error = pg.T("login.refused")
		p.showLogin(w, http.StatusBadRequest, pg, in)
		return
	case errors.Is(err, federation.ErrDenied):
		in.Error = pg.T("login.refused")
		p.showLogin(w, http.StatusUnauthorized, pg, in)
		return
	case err != nil:
		p.c.Logger.Error("signing in", "error", err)
		p.refuse(w, r, http.StatusInternalServerError, "error.internal")
		return
	}
	http.SetCookie(w, &http.Cookie{Name: p.cookieName(), Value: s.Token, Path: "/", Secure: p.c.Secure, HttpOnly: true, SameSite: http.SameSiteStrictMode})
	if in.Resume != "" && strings.HasPrefix(in.Next, "/compose/") {
		p.resume(w, r, s, in)
		return
	}
	http.Redirect(w, r, in.Next, http.StatusSeeOther)
}

// resume shows the form again that was posted when the session had ended.
func (p *portal) resume(w http.ResponseWriter, r *http.Request, s *account.Session, in signingIn) {
	posted, err := url.ParseQuery(in.Resume)
	if err != nil {
		p.refuse(w, r, http.StatusBadRequest, "error.form")
		return
	}
	r.SetPathValue("form", strings.TrimPrefix(in.Next, "/compose/"))
	v := p.visit(w, r, s)
	v.Path = in.Next
	p.edit(v, posted)
}

func (p *portal) logout(w http.ResponseWriter, r *http.Request) {
	if k, err := r.Cookie(p.cookieName()); err == nil {
		p.c.Accounts.SignOut(k.Value)
	}
	w.Header().Set("Clear-Site-Data", `"cache", "cookies", "storage"`)
	http.SetCookie(w, &http.Cookie{Name: p.cookieName(), Path: "/", MaxAge: -1, Secure: p.c.Secure, HttpOnly: true, SameSite: http.SameSiteStrictMode})
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

package web

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// contentPolicy is the content security policy of a response with a nonce (security notes, 13).
func contentPolicy(nonce string) string {
	return "default-src 'none'; script-src 'nonce-" + nonce + "'; style-src 'nonce-" + nonce + "'; img-src 'self'; font-src 'self'; " +
		"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'; " +
		"require-trusted-types-for 'script'; trusted-types 'none'; report-uri /csp-report"
}

var fixedHeaders = map[string]string{
	"Strict-Transport-Security":    "max-age=63072000; includeSubDomains; preload",
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
	"Referrer-Policy":              "no-referrer",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Embedder-Policy": "require-corp",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Permissions-Policy":           "camera=(), microphone=(), geolocation=(), usb=(), payment=(), publickey-credentials-get=(self), publickey-credentials-create=(self)",
	"Cache-Control":                "no-store",
}

// secure sets the headers, refuses other host names and cross-site posts, and bounds what is read.
func (p *portal) secure(next http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.refuse(w, r, http.StatusForbidden, "error.cross_site")
	}))
	guarded := guard.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var random [16]byte
		rand.Read(random[:])
		nonce := base64.RawURLEncoding.EncodeToString(random[:])
		r = r.WithContext(withNonce(r.Context(), nonce))
		for name, value := range fixedHeaders {
			w.Header().Set(name, value)
		}
		w.Header().Set("Content-Security-Policy", contentPolicy(nonce))
		if !strings.EqualFold(r.Host, p.c.Host) {
			p.refuse(w, r, http.StatusMisdirectedRequest, "error.host")
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		guarded.ServeHTTP(w, r)
	})
}

// cspReport takes what a browser reports; the count of it is of use in the log, its text is not.
func (p *portal) cspReport(w http.ResponseWriter, r *http.Request) {
	if _, err := io.Copy(io.Discard, r.Body); err == nil {
		p.c.Logger.Warn("a browser reports a breach of the content policy")
	}
	w.WriteHeader(http.StatusNoContent)
}

// styleSheet gives the handler and the path of the style sheet; the path changes with its content.
func styleSheet() (http.Handler, string, error) {
	b, err := assets.ReadFile("static/style.css")
	if err != nil {
		return nil, "", fmt.Errorf("reading the style sheet: %w", err)
	}
	sum := sha256.Sum256(b)
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		if _, err := w.Write(b); err != nil {
			return // the browser went away
		}
	})
	return h, fmt.Sprintf("/static/%x/style.css", sum[:8]), nil
}

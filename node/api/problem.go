package api

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"iconet.example/federation"
	"iconet.example/node/account"
	"iconet.example/node/office"
)

// Problem is a refusal (RFC 9457). It is an error of a [Client].
type Problem struct {
	Type   string  `json:"type"` // "/problems/not-found"; the last part is a [Slug]
	Title  string  `json:"title"`
	Status int     `json:"status"`
	Detail string  `json:"detail,omitempty"`
	Try    string  `json:"try,omitempty"`
	Errors []Fault `json:"errors,omitempty"`
}

// Fault is one field that is not in order.
type Fault struct {
	Pointer string `json:"pointer"` // path of the field, such as "fields.place.country"
	Code    string `json:"code"`    // of the rule
	Detail  string `json:"detail"`  // in the reader's language
}

// Slug is the kind of a problem.
type Slug string

// The kinds of problem.
const (
	NotFound   Slug = "not-found"
	SignedOut  Slug = "signed-out"
	NotAllowed Slug = "not-allowed"
	Content    Slug = "content" // the item has faults, listed in Errors
	Request    Slug = "request"
	Conflict   Slug = "conflict"
	Unverified Slug = "unverified"
	NotNow     Slug = "not-now"
	Internal   Slug = "internal"
)

const problemBase = "/problems/"

func (p *Problem) Error() string {
	if p.Detail == "" {
		return p.Title
	}
	return p.Title + ": " + p.Detail
}

// Slug gives the kind of the problem.
func (p *Problem) Slug() Slug {
	if len(p.Type) < len(problemBase) {
		return Internal
	}
	return Slug(p.Type[len(problemBase):])
}

func problem(slug Slug, status int, title, try string, err error) *Problem {
	p := &Problem{Type: problemBase + string(slug), Title: title, Status: status, Try: try}
	if err != nil {
		p.Detail = plain(err)
	}
	return p
}

// plain gives an error's text without the name of its kind, which the title and the status say.
func plain(err error) string {
	text := err.Error()
	for _, kind := range []error{federation.ErrInvalid, federation.ErrDenied, federation.ErrConflict, federation.ErrStale, federation.ErrUnverified, federation.ErrNotFound} {
		text = strings.TrimSuffix(text, ": "+kind.Error())
	}
	return text
}

// problemOf turns an error of the office into what a caller may know of it.
func problemOf(err error, logger *slog.Logger) *Problem {
	var own *Problem
	var content *office.NotPublishable
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &content):
		return problem(Content, http.StatusUnprocessableEntity, "the item cannot be published as it stands", "mend the fields below and send it again; nothing was published", err)
	case errors.Is(err, federation.ErrNotFound):
		return problem(NotFound, http.StatusNotFound, "there is no such item, or you may not see it", "iconet item list", nil)
	case errors.Is(err, federation.ErrUnverified):
		return problem(Unverified, http.StatusUnprocessableEntity, "verification failed", "tell your administrator; iconet verify checks the whole node", err)
	case errors.Is(err, federation.ErrDenied):
		return problem(NotAllowed, http.StatusForbidden, "you may not do this", "ask your national contact point who may", err)
	case errors.Is(err, federation.ErrConflict):
		return problem(Conflict, http.StatusConflict, "it is there already, or was changed meanwhile", "look again", err)
	case errors.Is(err, federation.ErrInvalid):
		return problem(Request, http.StatusBadRequest, "the request is not acceptable", "", err)
	case errors.Is(err, federation.ErrStale), errors.Is(err, account.ErrBusy):
		return problem(NotNow, http.StatusServiceUnavailable, "the node cannot do this at present", "wait a moment and repeat; iconet doctor tells more", err)
	case errors.Is(err, context.Canceled):
		return problem(NotNow, http.StatusServiceUnavailable, "the request was broken off", "", nil)
	default:
		reference := rand.Text()[:8]
		logger.Error("request failed", "reference", reference, "error", err)
		return problem(Internal, http.StatusInternalServerError, "the node failed", "the node's log has more under this reference; iconet doctor", fmt.Errorf("reference %s", reference))
	}
}

func (h *handler) refuse(w http.ResponseWriter, err error) {
	p := problemOf(err, h.c.Logger)
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	if err := json.NewEncoder(w).Encode(p); err != nil {
		h.c.Logger.Debug("answering", "error", err)
	}
}

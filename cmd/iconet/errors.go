package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"iconet.example/config"
	"iconet.example/crypto/keyring"
	"iconet.example/federation"
	"iconet.example/node/api"
	"iconet.example/node/store"
	"iconet.example/node/vault"
)

// The exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitConfig      = 3
	exitNotFound    = 4
	exitDenied      = 5
	exitConflict    = 6
	exitUnreachable = 7
	exitUnverified  = 8
	exitPartly      = 9
	exitDoctor      = 10
	exitInterrupted = 130

	// Of iconet serve, as in sysexits(3) and beside it.
	exitIO          = 74
	exitLocked      = 75
	exitNewer       = 76
	exitCredentials = 77
	exitServeConfig = 78
)

var errInterrupted = errors.New("interrupted")

// failure is an error with its exit code and advice.
type failure struct {
	code      int
	what, try string
	why       error
}

func (f *failure) Error() string {
	if f.why == nil {
		return f.what
	}
	return f.what + ": " + f.why.Error()
}

func (f *failure) Unwrap() error { return f.why }

func fail(code int, what, try string, why error) error {
	return &failure{code: code, what: what, try: try, why: why}
}

// unreadable tells that a file somebody named cannot be read.
func unreadable(what, try string, err error) error {
	code := exitFailed
	if errors.Is(err, os.ErrNotExist) {
		code = exitNotFound
	}
	return fail(code, what+" cannot be read", try, err)
}

func usagef(format string, args ...any) error {
	return fail(exitUsage, fmt.Sprintf(format, args...), "iconet --help, or --help behind the command", nil)
}

func usageError(_ *cli.Context, err error, _ bool) error {
	return fail(exitUsage, err.Error(), "--help behind the command lists its flags", nil)
}

// told is an error as people read it.
type told struct {
	code           int
	what, why, try string
	errors         []api.Fault
}

// tell turns an error into what is printed and the exit code.
func tell(err error) told {
	var f *failure
	if errors.Is(err, errInterrupted) || errors.Is(err, context.Canceled) {
		return told{code: exitInterrupted, what: "interrupted", why: "what was acknowledged before stays done", try: "the same command again"}
	}
	if errors.As(err, &f) {
		t := told{code: f.code, what: f.what, try: f.try}
		if f.why != nil {
			t.why = f.why.Error()
		}
		return t
	}
	var p *api.Problem
	if errors.As(err, &p) {
		return told{code: problemCode(p.Slug()), what: p.Title, why: p.Detail, try: p.Try, errors: p.Errors}
	}
	switch {
	case errors.Is(err, api.ErrUnreachable):
		return told{code: exitUnreachable, what: "no node answers", why: strings.TrimPrefix(err.Error(), api.ErrUnreachable.Error()+": "), try: "start it with iconet serve, or name its directory with --data"}
	case errors.Is(err, context.DeadlineExceeded):
		return told{code: exitUnreachable, what: "the node did not answer in time", why: err.Error(), try: "repeat with a longer --timeout; iconet doctor tells more"}
	case errors.Is(err, config.ErrConfig):
		return told{code: exitConfig, what: "the configuration cannot be used", why: err.Error(), try: "mend iconet.toml in the data directory, or begin with iconet init"}
	case errors.Is(err, keyring.ErrExists):
		return told{code: exitConflict, what: "it is there already", why: err.Error(), try: "choose another directory with --data; nothing was changed"}
	}
	for kind, code := range map[error]int{federation.ErrNotFound: exitNotFound, federation.ErrDenied: exitDenied, federation.ErrConflict: exitConflict,
		federation.ErrUnverified: exitUnverified, federation.ErrInvalid: exitUsage, federation.ErrStale: exitUnreachable} {
		if errors.Is(err, kind) {
			return told{code: code, what: strings.TrimSuffix(err.Error(), ": "+kind.Error())}
		}
	}
	return told{code: exitFailed, what: err.Error()}
}

func problemCode(s api.Slug) int {
	switch s {
	case api.NotFound:
		return exitNotFound
	case api.SignedOut, api.NotAllowed:
		return exitDenied
	case api.Conflict:
		return exitConflict
	case api.Request:
		return exitUsage
	case api.Unverified:
		return exitUnverified
	case api.NotNow:
		return exitUnreachable
	default:
		return exitFailed
	}
}

// report prints an error, three lines and the faults of an item, and gives its exit code.
func report(w io.Writer, err error, asJSON bool) int {
	if err == nil {
		return exitDone
	}
	var told exitCode
	if errors.As(err, &told) {
		return int(told)
	}
	t := tell(err)
	if asJSON {
		p := api.Problem{Type: fmt.Sprintf("/problems/exit-%d", t.code), Title: t.what, Detail: t.why, Try: t.try, Errors: t.errors}
		var from *api.Problem
		if errors.As(err, &from) {
			p.Type, p.Status = from.Type, from.Status
		}
		if err := json.NewEncoder(w).Encode(p); err != nil {
			return exitFailed
		}
		return t.code
	}
	fmt.Fprintf(w, "error: %s\n", line(t.what))
	if t.why != "" && t.why != t.what {
		fmt.Fprintf(w, "  why: %s\n", line(t.why))
	}
	if t.try != "" {
		fmt.Fprintf(w, "  try: %s\n", line(t.try))
	}
	for _, e := range t.errors {
		fmt.Fprintf(w, "       %s  %s\n", e.Pointer, line(e.Detail))
	}
	return t.code
}

// line keeps foreign text on one line and free of control characters.
func line(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }), " ")
}

// serveFailure gives the exit codes of a service.
func serveFailure(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrLocked):
		return fail(exitLocked, "another process runs this node", "stop it first, or name another directory with --data", err)
	case errors.Is(err, store.ErrNewer):
		return fail(exitNewer, "the data were written by a newer version", "install that version or a newer one; the data were not touched", err)
	case errors.Is(err, keyring.ErrPassphrase), errors.Is(err, vault.ErrKEK):
		return fail(exitCredentials, "the keys do not open", "check the passphrase file or the credential that iconet.toml names", err)
	case errors.Is(err, config.ErrConfig), errors.Is(err, keyring.ErrPermissions), errors.Is(err, keyring.ErrProtection), errors.Is(err, federation.ErrNotFound),
		errors.Is(err, federation.ErrConflict), errors.Is(err, federation.ErrInvalid), errors.Is(err, federation.ErrUnverified):
		return fail(exitServeConfig, "the node cannot start as it is configured", "mend what is named above in the data directory", err)
	case errors.Is(err, syscall.EADDRINUSE):
		return fail(exitServeConfig, "an address is in use", "stop what listens there, or change the address in iconet.toml", err)
	case errors.Is(err, store.ErrReadOnly), errors.Is(err, store.ErrFull), errors.Is(err, store.ErrDamaged), errors.Is(err, vault.ErrDamaged), errors.Is(err, syscall.EIO), errors.Is(err, syscall.ENOSPC):
		return fail(exitIO, "the disk does not keep what is written", "check the disk; nothing that was acknowledged is lost; then iconet verify", err)
	}
	return err
}

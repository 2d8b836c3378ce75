package office

import (
	"errors"

	"iconet.example/federation"
	"iconet.example/node/account"
	"iconet.example/node/audit"
)

// SignIn begins a session and writes who did, or that somebody failed; errors as [account.Service.SignIn].
func SignIn(accounts *account.Service, trail *Trail, login, password string) (*account.Session, error) {
	s, err := accounts.SignIn(login, password)
	line := audit.Line{Actor: "nobody", Action: "sign_in", Decision: "refused"}
	switch {
	case err == nil:
		line.Actor, line.Decision = s.Official.ID, "allowed"
	case !errors.Is(err, federation.ErrDenied):
		return nil, err
	}
	if failed := trail.Record(line); failed != nil {
		return nil, failed
	}
	return s, err
}

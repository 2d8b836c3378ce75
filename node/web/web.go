package web

import (
	"log/slog"
	"net/http"
	"time"

	"iconet.example/federation"
	"iconet.example/federation/directory"
	"iconet.example/federation/replica"
	"iconet.example/node/account"
	"iconet.example/node/office"
)

// Config is what the portal needs.
type Config struct {
	Self        federation.MemberCode
	Host        string
	TestNetwork bool
	Secure      bool
	Office      *office.Office
	Accounts    *account.Service
	Trail       *office.Trail
	View        func() *directory.View
	Peers       func() []replica.Status
	Now         func() time.Time
	Logger      *slog.Logger
}

// New gives the portal's handler.
func New(Config) (http.Handler, error) { return http.NotFoundHandler(), nil }

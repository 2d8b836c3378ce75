package web

import (
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Sign-ins a minute, by address and in all (security notes, 13).
const (
	loginsPerAddress = 20
	loginsPerNode    = 200
	maxAddresses     = 10000
)

// limiter bounds attempts to sign in. Safe for concurrent use.
type limiter struct {
	now func() time.Time

	mu        sync.Mutex
	all       *rate.Limiter
	addresses map[string]*rate.Limiter
}

func newLimiter(now func() time.Time) *limiter {
	return &limiter{now: now, all: perMinute(loginsPerNode), addresses: map[string]*rate.Limiter{}}
}

func perMinute(n int) *rate.Limiter { return rate.NewLimiter(rate.Limit(float64(n)/60), n) }

// allow counts an attempt and reports whether it may be judged.
func (l *limiter) allow(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.addresses[host]
	if one == nil {
		if len(l.addresses) >= maxAddresses {
			clear(l.addresses) // memory is bounded; the bound for the node stands behind this one
		}
		one = perMinute(loginsPerAddress)
		l.addresses[host] = one
	}
	now := l.now()
	return one.AllowN(now, 1) && l.all.AllowN(now, 1)
}

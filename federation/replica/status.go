package replica

import (
	"errors"
	"time"

	"iconet.example/federation"
)

// Status is what this node knows of another.
type Status struct {
	Code        federation.MemberCode
	Connected   bool // a stream to it has answered and is open
	LastContact time.Time
	LogSize     uint64        // of its log here
	LogKnown    uint64        // as its newest head says
	Queue       uint64        // grants for it that it has not acknowledged
	Left        uint64        // of these, how many lie with other members of their audience as well
	ClockAhead  time.Duration // of its clock before ours, when it was last in contact
	LastError   string
	Frozen      bool // it signed two histories
}

// Status lists the other active members in the order of the directory.
func (r *Replica) Status() []Status {
	view := r.c.Documents.Current()
	if view == nil {
		return nil
	}
	var out []Status
	for _, p := range view.Active() {
		if p.Code == r.c.Self {
			continue
		}
		s := Status{Code: p.Code}
		r.mu.Lock()
		if known := r.status[p.Code]; known != nil {
			s = *known
		}
		r.mu.Unlock()
		if spine, err := r.c.Store.Spine(p.Code); err == nil {
			s.LogSize = spine.Size
		}
		s.LogKnown = max(s.LogKnown, s.LogSize)
		s.Queue = r.unacknowledged(p.Code)
		out = append(out, s)
	}
	return out
}

func (r *Replica) unacknowledged(peer federation.MemberCode) uint64 {
	issued, err := r.c.Store.Outbox(peer)
	if err != nil {
		return 0
	}
	incarnation, seq, err := r.c.Store.Delivered(peer)
	if err != nil || incarnation != issued.Incarnation {
		return issued.Seq
	}
	return issued.Seq - min(seq, issued.Seq)
}

// note changes the status of a member.
func (r *Replica) note(m federation.MemberCode, change func(*Status)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.status[m]
	if s == nil {
		s = &Status{Code: m}
		r.status[m] = s
	}
	change(s)
}

// contact notes that a member answered; only on a stream of its own log does it stay connected.
func (r *Replica) contact(m federation.MemberCode, connected bool) {
	now := r.c.Now()
	r.note(m, func(s *Status) {
		s.LastContact = now
		if connected {
			s.Connected, s.LastError = true, ""
		}
	})
}

// lost notes that a member's stream ended.
func (r *Replica) lost(m federation.MemberCode, err error) {
	r.note(m, func(s *Status) {
		s.Connected = false
		if err != nil && !errors.Is(err, errEnded) {
			s.LastError = err.Error()
		}
	})
}

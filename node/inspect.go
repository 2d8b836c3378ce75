package node

import (
	"context"
	"fmt"
	"time"

	"iconet.example/federation"
	"iconet.example/federation/coordinator"
	"iconet.example/federation/directory"
	"iconet.example/node/api"
)

// inspector answers the operator's questions about a node.
type inspector struct{ n *Node }

func (i inspector) Status() api.Status {
	n := i.n
	view := n.docs.Current()
	s := api.Status{Member: n.self, Network: view.Root.Network, TestNetwork: view.Root.TestNetwork, Portal: n.portalURL(), StartedAt: n.started,
		Ready: true, Items: n.index.Len(), Coordinator: string(view.Freshness(now())), DirectoryVersion: view.Directory.Version,
		StructureVersion: view.Structure.Version, Rejected: n.rejected()}
	if p, ok := view.Member(n.self); ok {
		s.Name, _ = p.Name.In("en")
	}
	if err := n.ready(); err != nil {
		s.Ready, s.NotReady = false, err.Error()
	}
	if spine, err := n.store.Spine(n.self); err == nil {
		s.LogSize = spine.Size
	}
	for _, p := range n.replica.Status() {
		s.PeersTotal++
		if p.Connected {
			s.PeersReachable++
		}
		s.Queue += p.Queue
		s.LeftWithOthers += p.Left
		s.Behind += p.LogKnown - p.LogSize
	}
	return s
}

func (n *Node) portalURL() string {
	scheme := "https"
	if n.c.Config.Portal.Cert == "" {
		scheme = "http"
	}
	return scheme + "://" + n.c.Config.Portal.Host + "/"
}

// rejected reads the counters of refusals that are above zero.
func (n *Node) rejected() map[string]uint64 {
	out := map[string]uint64{}
	families, err := n.metrics.Gather()
	if err != nil {
		return out
	}
	for _, f := range families {
		prefix, ok := map[string]string{"iconet_reject_total": "", "iconet_connections_refused_total": "connection_"}[f.GetName()]
		if !ok {
			continue
		}
		for _, m := range f.GetMetric() {
			if v := m.GetCounter().GetValue(); v > 0 && len(m.GetLabel()) > 0 {
				out[prefix+m.GetLabel()[0].GetValue()] = uint64(v)
			}
		}
	}
	return out
}

func (i inspector) Peers() []api.Peer {
	n := i.n
	view := n.docs.Current()
	var out []api.Peer
	at := map[federation.MemberCode]int{}
	for _, p := range view.Peers() {
		line := api.Peer{Member: p.Code, Status: string(p.Status), State: "unreachable", Fingerprint: p.Keys.Sign.Fingerprint()}
		line.Name, _ = p.Name.In("en")
		if p.Code == n.self {
			line.State = "self"
			if spine, err := n.store.Spine(n.self); err == nil {
				line.LogSize, line.LogKnown = spine.Size, spine.Size
			}
		}
		at[p.Code] = len(out)
		out = append(out, line)
	}
	for _, s := range n.replica.Status() {
		line := &out[at[s.Code]]
		line.LastContact, line.LogSize, line.LogKnown, line.Queue, line.LastError = s.LastContact, s.LogSize, s.LogKnown, s.Queue, s.LastError
		switch {
		case s.Frozen:
			line.State = "frozen"
		case s.Connected:
			line.State = "reachable"
		}
	}
	return out
}

func (i inspector) Keys() []api.Key {
	n := i.n
	protection := "passphrase"
	switch {
	case n.ring.Plain:
		protection = "none (test network)"
	case n.c.Config.Keys.Credential != "":
		protection = "credential"
	}
	var until time.Time
	if p, ok := n.docs.Current().Member(n.self); ok {
		until = time.UnixMilli(int64(p.Keys.NotAfterMS)).UTC()
	}
	keys := []api.Key{
		{Use: "transport", Kind: "Ed25519", Fingerprint: n.ring.P2P.Public().Fingerprint()},
		{Use: "signing", Kind: "Ed25519", Fingerprint: n.ring.Sign.Public().Fingerprint()},
		{Use: "witness", Kind: "Ed25519", Fingerprint: n.ring.Witness.Public().Fingerprint()},
		{Use: "reading", Kind: "age hybrid (ML-KEM-768, X25519)", Fingerprint: n.ring.Enc[0].Recipient().Fingerprint()},
	}
	for k := range keys {
		keys[k].ValidUntil, keys[k].Protection = until, protection
	}
	return keys
}

// Doctor looks for what an operator should mend.
func (i inspector) Doctor() []api.Check {
	n := i.n
	view := n.docs.Current()
	s := i.Status()
	check := func(name string, ok bool, bad, detail, try string) api.Check {
		if ok {
			return api.Check{Name: name, State: "ok", Detail: detail}
		}
		return api.Check{Name: name, State: bad, Detail: detail, Try: try}
	}
	checks := []api.Check{
		check("ready", s.Ready, "fail", firstOf(s.NotReady, "the node takes and shows items"), "wait until the index is rebuilt; then look at the node's log"),
		check("keys", !n.ring.Plain || s.TestNetwork, "fail", "protected by "+i.Keys()[0].Protection, "make the node anew with a passphrase file or a credential"),
		check("coordinator", view.Freshness(now()) == directory.Fresh, "warn", "its last word is "+age(now().Sub(view.Issued))+" old", "exchange goes on; ask the Commission if its node is down"),
		check("clock", n.clockOff().Abs() <= maxClockOff, "fail", "differs by "+n.clockOff().Round(time.Second).String()+" from the median of the others", "set the machine's clock, and keep it with NTP"),
		check("peers", s.PeersReachable == s.PeersTotal, "warn", fmt.Sprintf("%d of %d reachable", s.PeersReachable, s.PeersTotal), "iconet peer list"),
		check("queue", s.Queue == 0, "warn", fmt.Sprintf("%d deliveries wait for a receipt", s.Queue), "they are sent again by themselves; iconet peer list shows to whom"),
		check("behind", s.Behind == 0, "warn", fmt.Sprintf("%d entries of others are not here yet", s.Behind), "they are fetched by themselves"),
	}
	if p, ok := view.Member(n.self); ok {
		left := time.UnixMilli(int64(p.Keys.NotAfterMS)).Sub(now())
		checks = append(checks, check("key dates", left > 30*24*time.Hour, "warn", "valid for "+age(left)+" more", "enrol new keys with the coordinator"))
	}
	rejections, err := n.store.Rejections(100)
	if err != nil {
		checks = append(checks, api.Check{Name: "refusals", State: "fail", Detail: err.Error(), Try: "the disk may be failing: iconet verify"})
	} else {
		checks = append(checks, check("refusals", len(rejections) == 0, "warn", fmt.Sprintf("%d entries of others were refused", len(rejections)), "iconet status shows the reasons; tell the owner's contact point"))
	}
	return checks
}

// Verify checks the data while the node runs; what arrives meanwhile may be left out.
func (i inspector) Verify(ctx context.Context) (*api.Report, error) { return i.n.check(ctx) }

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// age tells a span of time as people do.
func age(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Hours()))
	default:
		return fmt.Sprintf("%d minutes", max(0, int(d.Minutes())))
	}
}

// Admit takes enrolments at the Commission's desk and puts the new directory in force here, from where it spreads.
func (i inspector) Admit(files ...[]byte) error {
	n := i.n
	if n.desk == nil {
		return fmt.Errorf("members are admitted at the coordinator, this is the node of %s: %w", n.self, federation.ErrDenied)
	}
	var enrolments []*coordinator.Enrolment
	for _, f := range files {
		e, err := coordinator.ParseEnrolment(f)
		if err != nil {
			return err
		}
		enrolments = append(enrolments, e)
	}
	n.deskMu.Lock()
	defer n.deskMu.Unlock()
	if err := n.desk.Admit(now(), enrolments...); err != nil {
		return err
	}
	return n.takeFromDesk()
}

// Bundle gives all documents that this node has, in the order in which a new node takes them.
func (i inspector) Bundle() ([]byte, error) {
	b := &coordinator.Bundle{}
	for _, k := range directory.Kinds() {
		for _, doc := range i.n.docs.After(k, 0) {
			b.Documents = append(b.Documents, coordinator.Issued{Kind: k, Document: doc})
		}
	}
	return b.Encode()
}

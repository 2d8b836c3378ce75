package node

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"iconet.example/config"
	"iconet.example/crypto/keyring"
	"iconet.example/federation"
	"iconet.example/federation/coordinator"
	"iconet.example/federation/policy"
	"iconet.example/node/office"
)

// analyst publishes in tests.
func analyst(m federation.MemberCode) policy.Subject {
	return policy.Subject{Official: "u-test", Member: m, Roles: []policy.Role{policy.Reader, policy.Validator}, Elements: []federation.ElementCode{"EWS"}}
}

// lastPort is the port given last. It begins below those that the system gives to outgoing connections, which could take
// the place of a stopped node.
var lastPort = 25000 + os.Getpid()%5000

// ports gives free ports on loopback.
func ports(t testing.TB, n int) []int {
	t.Helper()
	var out []int
	for len(out) < n {
		lastPort++
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", lastPort))
		if err != nil {
			continue
		}
		l.Close()
		out = append(out, lastPort)
	}
	return out
}

// run opens and runs the nodes of members and of the Commission in this process, until the test ends.
func run(t testing.TB, members ...federation.MemberCode) (nodes map[federation.MemberCode]*Node, stop map[federation.MemberCode]func()) {
	t.Helper()
	root, err := os.MkdirTemp("", "iconet")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	members = append([]federation.MemberCode{federation.Commission}, members...)
	free := ports(t, len(members))
	plain := keyring.Protection{Plain: true}
	configs := map[federation.MemberCode]*config.Config{}
	var enrolments []*coordinator.Enrolment
	for i, m := range members {
		addr := fmt.Sprintf("/ip4/127.0.0.1/tcp/%d", free[i])
		configs[m] = &config.Config{Member: m, TestNetwork: true, Listen: []string{addr}, Portal: config.Portal{Listen: "127.0.0.1:0", Host: "localhost"},
			Operations: config.Operations{Listen: "127.0.0.1:0"}}
		e, err := Init(Founding{Dir: filepath.Join(root, string(m)), Config: configs[m], Name: federation.Text{"en": string(m), "fr": string(m)}, Addrs: []string{addr},
			Network: "test", Protection: plain, Now: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		enrolments = append(enrolments, e)
	}
	desk, err := coordinator.Open(filepath.Join(root, string(federation.Commission), CommitteeDir), plain)
	if err != nil {
		t.Fatal(err)
	}
	if err := desk.Admit(time.Now(), enrolments[1:]...); err != nil {
		t.Fatal(err)
	}
	bundle, err := desk.Documents().Encode()
	if err != nil {
		t.Fatal(err)
	}
	nodes, stop = map[federation.MemberCode]*Node{}, map[federation.MemberCode]func(){}
	for _, m := range members {
		dir := filepath.Join(root, string(m))
		if err := coordinator.WriteFile(filepath.Join(dir, BundleFile), bundle); err != nil {
			t.Fatal(err)
		}
		nodes[m], stop[m] = start(t, dir, configs[m])
	}
	for _, n := range nodes {
		await(t, func() bool { s := inspector{n}.Status(); return s.Ready && s.PeersReachable == s.PeersTotal })
	}
	return nodes, stop
}

// start opens and runs one node until stop is called or the test ends.
func start(t testing.TB, dir string, c *config.Config) (n *Node, stop func()) {
	t.Helper()
	n, err := Open(t.Context(), Config{Dir: dir, Config: c, Protection: keyring.Protection{Plain: true}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return n, stop
}

func await(t testing.TB, done func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it takes too long")
		}
	}
}

// warning is an early warning of about 2 KB.
func warning(to string) office.Submission {
	day := time.Now().UTC().Format(time.DateOnly)
	return office.Submission{Form: "EWS-01", Audience: to,
		Header: federation.Values{"title": "Exercise: lorries with hidden compartments", "language": "en", "impact": "2", "summary": "Exercise. " + strings.Repeat("A pattern not seen on this road before. ", 15),
			"source_eval": "B", "info_eval": "3", "use_level": "TAC", "originating_unit": "Situation centre", "pd_declaration": true, "lawful_declaration": true},
		Fields: federation.Values{"kind": "INC", "urgency": "ROUTINE", "known_at": day + "T00:00:00Z", "status": "ongoing", "event_time": map[string]any{"from": day},
			"place": map[string]any{"name": "Medyka", "country": "PL", "level": "bcp", "lat": json.Number("49.8"), "lon": json.Number("22.93")},
			"what":  "Exercise. " + strings.Repeat("Groups of six to eight behind a false wall. ", 15), "border_type": "LAND",
			"response": []any{map[string]any{"measure": "CHECK"}}, "action_asked": []any{"check_own_data"}, "contact": "Duty officer"}}
}

package peer

import (
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/control"
	"github.com/libp2p/go-libp2p/core/network"
	libpeer "github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"iconet.example/federation"
)

// gate decides about connections: only members of the directory, only at addresses this network uses, and not too many
// attempts from one address.
type gate struct {
	testNetwork bool
	refused     *prometheus.CounterVec

	mu      sync.RWMutex // guards what follows
	codes   map[libpeer.ID]federation.MemberCode
	ids     map[federation.MemberCode]libpeer.ID
	arrival map[string]*rate.Limiter // by IP address
	swept   time.Time
}

// The rate of attempts from one address: a member behind one gateway opens few connections and keeps them.
const (
	arrivalsPerSecond = 10
	arrivalsAtOnce    = 50
)

func newGate(c Config) (*gate, error) {
	g := &gate{testNetwork: c.TestNetwork, codes: map[libpeer.ID]federation.MemberCode{}, ids: map[federation.MemberCode]libpeer.ID{},
		arrival: map[string]*rate.Limiter{}, swept: time.Now(),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "iconet_connections_refused_total", Help: "Connections refused at the gate by cause."}, []string{"cause"})}
	if err := c.Registerer.Register(g.refused); err != nil {
		return nil, fmt.Errorf("registering metrics: %w", err)
	}
	for _, cause := range []string{"rate", "unlisted"} {
		g.refused.WithLabelValues(cause)
	}
	return g, nil
}

// set replaces the admitted members and gives their ids and those that were dropped.
func (g *gate) set(peers []Peer) (ids, gone []libpeer.ID, err error) {
	codes := map[libpeer.ID]federation.MemberCode{}
	byCode := map[federation.MemberCode]libpeer.ID{}
	for _, p := range peers {
		id, err := idOf(p.P2P)
		if err != nil {
			return nil, nil, fmt.Errorf("admitting %s: %w", p.Code, err)
		}
		ids = append(ids, id)
		codes[id], byCode[p.Code] = p.Code, id
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for id := range g.codes {
		if codes[id] == "" {
			gone = append(gone, id)
		}
	}
	g.codes, g.ids = codes, byCode
	return ids, gone, nil
}

func (g *gate) id(m federation.MemberCode) (libpeer.ID, bool) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	id, ok := g.ids[m]
	return id, ok
}

func (g *gate) code(id libpeer.ID) (federation.MemberCode, bool) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	m, ok := g.codes[id]
	return m, ok
}

// InterceptPeerDial lets dial only members.
func (g *gate) InterceptPeerDial(id libpeer.ID) bool {
	_, ok := g.code(id)
	return ok
}

// InterceptAddrDial lets dial only addresses that this network uses.
func (g *gate) InterceptAddrDial(id libpeer.ID, a ma.Multiaddr) bool {
	return g.InterceptPeerDial(id) && allowed(a, g.testNetwork)
}

// InterceptAccept bounds the attempts from one address before any handshake.
func (g *gate) InterceptAccept(c network.ConnMultiaddrs) bool {
	ip, err := manet.ToIP(c.RemoteMultiaddr())
	if err != nil {
		return false
	}
	if ip.IsLoopback() && g.testNetwork || g.limiter(ip.String()).Allow() {
		return true
	}
	g.refused.WithLabelValues("rate").Inc()
	return false
}

func (g *gate) limiter(ip string) *rate.Limiter {
	g.mu.Lock()
	defer g.mu.Unlock()
	if time.Since(g.swept) > time.Minute { // a limiter of a minute ago is full again
		g.arrival, g.swept = map[string]*rate.Limiter{}, time.Now()
	}
	l := g.arrival[ip]
	if l == nil {
		l = rate.NewLimiter(arrivalsPerSecond, arrivalsAtOnce)
		g.arrival[ip] = l
	}
	return l
}

// InterceptSecured admits only members once the handshake has proven their key.
func (g *gate) InterceptSecured(_ network.Direction, id libpeer.ID, _ network.ConnMultiaddrs) bool {
	if _, ok := g.code(id); ok {
		return true
	}
	g.refused.WithLabelValues("unlisted").Inc()
	return false
}

// InterceptUpgraded has nothing more to ask.
func (g *gate) InterceptUpgraded(network.Conn) (bool, control.DisconnectReason) { return true, 0 }

// allowed says whether a network uses an address: a test network only loopback, any other neither loopback nor
// unspecified, link-local or multicast ones, among which are the metadata services of clouds.
func allowed(a ma.Multiaddr, testNetwork bool) bool {
	ip, err := manet.ToIP(a)
	if err != nil { // a host name: resolved by the dialer, which asks again with the address
		return !testNetwork
	}
	if testNetwork {
		return ip.IsLoopback()
	}
	return !ip.IsLoopback() && !ip.IsUnspecified() && !ip.IsLinkLocalUnicast() && !ip.IsMulticast() && !ip.Equal(net.IPv4bcast)
}

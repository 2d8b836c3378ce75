package peer

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	libpeer "github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	"github.com/libp2p/go-libp2p/core/protocol"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/net/connmgr"
	tls "github.com/libp2p/go-libp2p/p2p/security/tls"
	libp2pquic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	ma "github.com/multiformats/go-multiaddr"
	"github.com/prometheus/client_golang/prometheus"

	"iconet.example/crypto/sign"
	"iconet.example/federation"
)

// Config says who a host is. Key, Listen, Logger and Registerer are required.
type Config struct {
	Key         *sign.Key
	Listen      []string // multiaddrs, TCP or QUIC
	TestNetwork bool     // allows loopback addresses and nothing else
	Logger      *slog.Logger
	Registerer  prometheus.Registerer
}

// Peer is a member as the directory describes it.
type Peer struct {
	Code  federation.MemberCode
	P2P   sign.PublicKey
	Addrs []string // multiaddrs
}

// Host is this node's end of all connections. Safe for concurrent use.
type Host struct {
	c    Config
	host host.Host
	gate *gate
}

// New listens. A port in use is its error.
func New(c Config) (*Host, error) {
	key, err := crypto.UnmarshalEd25519PrivateKey(c.Key.Std())
	if err != nil {
		return nil, fmt.Errorf("reading the transport key: %w", err)
	}
	limits, err := rcmgr.NewResourceManager(rcmgr.NewFixedLimiter(limitConfig()))
	if err != nil {
		return nil, fmt.Errorf("setting limits: %w", err)
	}
	conns, err := connmgr.NewConnManager(64, 160)
	if err != nil {
		return nil, fmt.Errorf("setting limits: %w", err)
	}
	g, err := newGate(c)
	if err != nil {
		return nil, err
	}
	h, err := libp2p.New(libp2p.Identity(key), libp2p.ListenAddrStrings(c.Listen...),
		libp2p.Transport(libp2pquic.NewTransport), libp2p.Transport(tcp.NewTCPTransport),
		libp2p.Security(tls.ID, tls.New), libp2p.Muxer(yamux.ID, yamux.DefaultTransport),
		libp2p.ConnectionGater(g), libp2p.ResourceManager(limits), libp2p.ConnectionManager(conns),
		libp2p.DisableRelay(), libp2p.ForceReachabilityPublic(), libp2p.DisableIdentifyAddressDiscovery(),
		libp2p.DisableMetrics(), libp2p.UserAgent("iconet"))
	if err != nil {
		return nil, fmt.Errorf("listening for other nodes: %w", err)
	}
	return &Host{c: c, host: h, gate: g}, nil
}

// limitConfig bounds what all peers together and each alone may hold (security notes, 2).
func limitConfig() rcmgr.ConcreteLimitConfig {
	return rcmgr.PartialLimitConfig{
		System:    rcmgr.ResourceLimits{Conns: 256, ConnsInbound: 160, ConnsOutbound: 160, Streams: 4096, StreamsInbound: 2048, StreamsOutbound: 2048, Memory: 512 << 20, FD: 256},
		Transient: rcmgr.ResourceLimits{Conns: 64, ConnsInbound: 32, ConnsOutbound: 64, Streams: 256, Memory: 32 << 20, FD: 64},
		PeerDefault: rcmgr.ResourceLimits{Conns: 4, ConnsInbound: 4, ConnsOutbound: 4, Streams: 128, StreamsInbound: 64,
			StreamsOutbound: 64, Memory: 64 << 20, FD: 4},
		ProtocolPeerDefault: rcmgr.ResourceLimits{Streams: 128, StreamsInbound: 64, StreamsOutbound: 64, Memory: 64 << 20},
	}.Build(rcmgr.InfiniteLimits)
}

// SetPeers replaces the set of members that may connect, and closes the connections of those that left.
func (h *Host) SetPeers(peers []Peer) error {
	ids, gone, err := h.gate.set(peers)
	if err != nil {
		return err
	}
	for i, p := range peers {
		addrs := h.addrs(p)
		h.host.Peerstore().ClearAddrs(ids[i])
		h.host.Peerstore().AddAddrs(ids[i], addrs, peerstore.PermanentAddrTTL)
		h.host.ConnManager().Protect(ids[i], "member")
	}
	for _, id := range gone {
		h.host.Peerstore().ClearAddrs(id)
		h.host.ConnManager().Unprotect(id, "member")
		if err := h.host.Network().ClosePeer(id); err != nil {
			h.c.Logger.Warn("closing the connections of a member that left", "error", err)
		}
	}
	return nil
}

// addrs gives the usable addresses of a peer; those that are none, or that this network refuses, are left out.
func (h *Host) addrs(p Peer) []ma.Multiaddr {
	var out []ma.Multiaddr
	for _, text := range p.Addrs {
		a, err := ma.NewMultiaddr(text)
		if err != nil {
			h.c.Logger.Warn("address left out: it is none", "peer", p.Code)
			continue
		}
		if allowed(a, h.c.TestNetwork) {
			out = append(out, a)
		} else {
			h.c.Logger.Warn("address left out: this network does not use such addresses", "peer", p.Code)
		}
	}
	return out
}

// Stream is a stream to another node.
type Stream struct{ network.Stream }

// Close closes the stream in both directions.
func (s Stream) Close() error {
	if err := s.Stream.Close(); err != nil {
		return s.Reset()
	}
	return nil
}

// Open opens a stream to a member: ErrNotFound for one that is not admitted. That Open succeeds does not say that the
// member answers.
func (h *Host) Open(ctx context.Context, to federation.MemberCode, proto string) (Stream, error) {
	id, ok := h.gate.id(to)
	if !ok {
		return Stream{}, fmt.Errorf("%s is not an active member: %w", to, federation.ErrNotFound)
	}
	// libp2p makes an address that failed wait for up to five minutes; how often a member is tried is for the caller to say.
	ctx = network.WithForceDirectDial(network.WithDialPeerTimeout(ctx, 5*time.Second), "members are tried again by replication")
	s, err := h.host.NewStream(ctx, id, protocol.ID(proto))
	if err != nil {
		return Stream{}, fmt.Errorf("reaching %s: %w", to, err)
	}
	return Stream{s}, nil
}

// Handle has fn called, in a goroutine of its own, for each stream of a protocol that an admitted member opens.
func (h *Host) Handle(proto string, fn func(from federation.MemberCode, s Stream)) {
	h.host.SetStreamHandler(protocol.ID(proto), func(s network.Stream) {
		from, ok := h.gate.code(s.Conn().RemotePeer())
		if !ok {
			s.Reset()
			return
		}
		fn(from, Stream{s})
	})
}

// Addrs gives the addresses the host listens at, with the ports it was given.
func (h *Host) Addrs() []string {
	var out []string
	for _, a := range h.host.Addrs() {
		out = append(out, a.String())
	}
	return out
}

// Close ends all connections.
func (h *Host) Close() error {
	if err := h.host.Close(); err != nil {
		return fmt.Errorf("closing the transport: %w", err)
	}
	return nil
}

// idOf gives the peer id of a transport key: the key itself, inline.
func idOf(pub sign.PublicKey) (libpeer.ID, error) {
	k, err := crypto.UnmarshalEd25519PublicKey(pub[:])
	if err != nil {
		return "", fmt.Errorf("reading a transport key: %w", err)
	}
	return libpeer.IDFromPublicKey(k)
}

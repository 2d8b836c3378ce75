package node

import (
	"context"

	"iconet.example/crypto/seal"
	"iconet.example/federation"
	"iconet.example/federation/peer"
	"iconet.example/federation/replica"
)

// recipient is what grants are sealed to.
type recipient = seal.Recipient

// network is the transport as replication wants it.
type network struct{ host *peer.Host }

func (n network) Open(ctx context.Context, to federation.MemberCode, protocol string) (replica.Stream, error) {
	s, err := n.host.Open(ctx, to, protocol)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (n network) Handle(protocol string, fn func(federation.MemberCode, replica.Stream)) {
	n.host.Handle(protocol, func(from federation.MemberCode, s peer.Stream) { fn(from, s) })
}

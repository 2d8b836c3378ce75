package directory

import (
	"crypto/sha256"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"iconet.example/crypto/canon"
	"iconet.example/crypto/seal"
	"iconet.example/crypto/sign"
	"iconet.example/federation"
)

const nodeKeysContext sign.Context = "iconet/1/nodekeys"

const (
	statementVersion = 1
	maxStatement     = 32 << 10
	maxRecipients    = 4
	maxAddrs         = 8
	maxAddr          = 256
)

// NodeKeys is a member's statement of the keys and addresses of its node.
type NodeKeys struct {
	Member                  federation.MemberCode
	Version                 uint32
	NotBeforeMS, NotAfterMS uint64
	P2P, Sign, Witness      sign.PublicKey   // all different
	Recipients              []seal.Recipient // 1 to 4, hybrid; grants are sealed to the first
	Addrs                   []string         // multiaddr text, 1 to 8
	Prev                    [32]byte         // SHA-256 of the statement before, zero for the first
	Sig                     sign.Signature   // by the national root
}

func (k *NodeKeys) body() []byte {
	var w canon.Writer
	w.U8(statementVersion)
	id := k.Member.ID()
	w.Raw(id[:])
	w.U32(k.Version)
	w.U64(k.NotBeforeMS)
	w.U64(k.NotAfterMS)
	w.Raw(k.P2P[:])
	w.Raw(k.Sign[:])
	w.Raw(k.Witness[:])
	w.U16(uint16(len(k.Recipients)))
	for _, r := range k.Recipients {
		w.Opaque16([]byte(r.String()))
	}
	w.U16(uint16(len(k.Addrs)))
	for _, a := range k.Addrs {
		w.Opaque16([]byte(a))
	}
	w.Raw(k.Prev[:])
	return w.Bytes()
}

// SignBy signs the statement with the member's national root.
func (k *NodeKeys) SignBy(root sign.Signer) (err error) {
	k.Sig, err = root.Sign(nodeKeysContext, k.body())
	return err
}

// Verify checks the national root's signature; a failure is a [federation.RejectError] with reason nr.
func (k *NodeKeys) Verify(root sign.PublicKey) error {
	if err := sign.Verify(root, nodeKeysContext, k.body(), k.Sig); err != nil {
		return federation.Reject(federation.ReasonNationalRoot, "node keys of %s: %w", k.Member, err)
	}
	return nil
}

// Encode gives the canonical bytes with the signature.
func (k *NodeKeys) Encode() []byte { return append(k.body(), k.Sig[:]...) }

// Hash names this statement in the next one.
func (k *NodeKeys) Hash() [32]byte { return sha256.Sum256(k.Encode()) }

// ParseNodeKeys reads what Encode writes. Errors are [federation.RejectError]s. The signature is not verified yet.
func ParseNodeKeys(b []byte) (*NodeKeys, error) {
	if len(b) > maxStatement {
		return nil, federation.Reject(federation.ReasonLayout, "node keys of %d bytes", len(b))
	}
	r := canon.NewReader(b)
	v := r.U8()
	id := r.Array16()
	k := &NodeKeys{Version: r.U32(), NotBeforeMS: r.U64(), NotAfterMS: r.U64()}
	for _, to := range []*sign.PublicKey{&k.P2P, &k.Sign, &k.Witness} {
		raw := r.Raw(len(to))
		if r.Err() != nil {
			break
		}
		pub, err := sign.ParsePublicKey(raw)
		r.Fail(err)
		*to = pub
	}
	k.recipients(r)
	k.addresses(r)
	k.Prev, k.Sig = r.Array32(), r.Array64()
	if err := r.Done(); err != nil || v != statementVersion {
		return nil, federation.Reject(federation.ReasonLayout, "parsing node keys of version %d: %w", v, err)
	}
	var err error
	if k.Member, err = federation.MemberFromID(id); err != nil {
		return nil, federation.Reject(federation.ReasonMemberID, "parsing node keys: %w", err)
	}
	if k.P2P == k.Sign || k.P2P == k.Witness || k.Sign == k.Witness {
		return nil, federation.Reject(federation.ReasonLayout, "node keys of %s use one key twice", k.Member)
	}
	return k, nil
}

func (k *NodeKeys) recipients(r *canon.Reader) {
	n := int(r.U16())
	if n < 1 || n > maxRecipients {
		r.Fail(fmt.Errorf("%d recipients: %w", n, canon.ErrLayout))
	}
	for i := 0; i < n && r.Err() == nil; i++ {
		to, err := seal.ParseRecipient(string(r.Opaque16(4 << 10)))
		r.Fail(err)
		k.Recipients = append(k.Recipients, to)
	}
}

func (k *NodeKeys) addresses(r *canon.Reader) {
	n := int(r.U16())
	if n < 1 || n > maxAddrs {
		r.Fail(fmt.Errorf("%d addresses: %w", n, canon.ErrLayout))
	}
	for i := 0; i < n && r.Err() == nil; i++ {
		a := string(r.Opaque16(maxAddr))
		if !plausibleAddr(a) {
			r.Fail(fmt.Errorf("an address that is none: %w", canon.ErrLayout))
		}
		k.Addrs = append(k.Addrs, a)
	}
}

// plausibleAddr accepts /ip4|ip6|dns4|dns6|dns/HOST/tcp/PORT and /…/udp/PORT/quic-v1; the transport parses it in full.
func plausibleAddr(a string) bool {
	parts := strings.Split(a, "/")
	if len(parts) < 5 || parts[0] != "" || !slices.Contains([]string{"ip4", "ip6", "dns", "dns4", "dns6"}, parts[1]) {
		return false
	}
	for _, c := range a {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	switch parts[1] {
	case "ip4", "ip6":
		if ip, err := netip.ParseAddr(parts[2]); err != nil || ip.Is4() != (parts[1] == "ip4") {
			return false
		}
	}
	if port, err := strconv.ParseUint(parts[4], 10, 16); err != nil || port == 0 {
		return false
	}
	return parts[3] == "tcp" && len(parts) == 5 || parts[3] == "udp" && len(parts) == 6 && parts[5] == "quic-v1"
}

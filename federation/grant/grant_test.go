package grant_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"iconet.example/crypto/seal"
	"iconet.example/crypto/sign"
	"iconet.example/federation"
	"iconet.example/federation/grant"
)

// stream gives n grants of one incarnation and the positions after them, the beginning first.
func stream(t *testing.T, from grant.Position, incarnation uint32, n int) ([]*grant.Grant, []grant.Position) {
	t.Helper()
	pos := []grant.Position{from}
	var out []*grant.Grant
	for i := range n {
		g, next := issue(t, pos[i], incarnation, give(byte(i)))
		out, pos = append(out, g), append(pos, next)
	}
	return out, pos
}

func TestGrantsApplyInTheOrderOfTheirIssue(t *testing.T) {
	grants, issued := stream(t, grant.Position{}, 1, 5)
	var pos grant.Position
	for i, g := range grants {
		parsed, err := grant.Parse(g.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if pos, err = grant.Apply(pos, parsed); err != nil {
			t.Fatal(err)
		}
		if pos != issued[i+1] || pos.Seq != uint64(i+1) || pos.Hash != g.Hash() {
			t.Errorf("grant %d leads to %+v, the owner stands at %+v", i+1, pos, issued[i+1])
		}
	}
}

func TestGrantThatDoesNotFollowHasNoEffect(t *testing.T) {
	grants, pos := stream(t, grant.Position{}, 2, 4)
	later, laterPos := stream(t, pos[4], 3, 2)
	older, _ := stream(t, grant.Position{}, 1, 4)
	others, _, err := grant.Issue(grant.Position{Incarnation: 2, Seq: 2, Hash: filled(9)}, "FR", "DE", 2, startMS, []grant.Line{give(1)}, key(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	with := func(g *grant.Grant, change func(*grant.Grant)) *grant.Grant {
		c := *g
		change(&c)
		return &c
	}
	for _, c := range []struct {
		name string
		at   grant.Position
		g    *grant.Grant
	}{
		{"replay of the last", pos[2], grants[1]},
		{"replay of the first", pos[2], grants[0]},
		{"gap", pos[2], grants[3]},
		{"gap at the beginning", pos[0], grants[1]},
		{"changed prev", pos[2], with(grants[2], func(g *grant.Grant) { g.Prev[0] ^= 1 })},
		{"prev of zero in the middle", pos[2], with(grants[2], func(g *grant.Grant) { g.Prev = [32]byte{} })},
		{"first with a prev", pos[0], with(grants[0], func(g *grant.Grant) { g.Prev[0] = 1 })},
		{"number of zero", pos[0], with(grants[0], func(g *grant.Grant) { g.Seq = 0 })},
		{"number of 2^64-1", pos[2], with(grants[2], func(g *grant.Grant) { g.Seq = 1<<64 - 1 })},
		{"stream of another grantee", pos[2], others},
		{"earlier incarnation, next number", pos[2], older[2]},
		{"earlier incarnation, first number", pos[2], older[0]},
		{"later incarnation, second number", pos[4], later[1]},
		{"later incarnation, next number", pos[2], with(grants[2], func(g *grant.Grant) { g.Incarnation = 3 })},
		{"later incarnation with a prev", pos[4], with(later[0], func(g *grant.Grant) { g.Prev = pos[4].Hash })},
		{"incarnation before the present one", laterPos[1], grants[3]},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := grant.Apply(c.at, c.g)
			if federation.ReasonOf(err) != federation.ReasonGrantSeq || !errors.Is(err, federation.ErrUnverified) || got != c.at {
				t.Errorf("%+v, %v; want %+v and reason grant_seq", got, err, c.at)
			}
		})
	}
}

func TestLaterIncarnationBeginsItsOwnNumbers(t *testing.T) {
	_, pos := stream(t, grant.Position{}, 1, 3)
	later, want := stream(t, pos[3], 5, 2)
	if later[0].Seq != 1 || later[0].Prev != [32]byte{} {
		t.Errorf("begins with %d after %x", later[0].Seq, later[0].Prev)
	}
	for _, at := range []grant.Position{pos[0], pos[2], pos[3]} { // what the earlier life said is lost; nobody waits for it
		got, err := grant.Apply(at, later[0])
		if err != nil || got != want[1] {
			t.Fatalf("%+v, %v", got, err)
		}
		if got, err = grant.Apply(got, later[1]); err != nil || got != want[2] {
			t.Fatalf("%+v, %v", got, err)
		}
	}
}

// Everything that a grant says is signed, so none can be handed on as that of another owner, grantee or life.
func TestGrantVerifiesOnlyAsItWasIssued(t *testing.T) {
	g, _ := issue(t, grant.Position{}, 1, give(1), give(2))
	for name, change := range map[string]func(*grant.Grant){
		"other owner":       func(g *grant.Grant) { g.Owner = "DE" },
		"other grantee":     func(g *grant.Grant) { g.Grantee = "DE" },
		"owner and grantee": func(g *grant.Grant) { g.Owner, g.Grantee = g.Grantee, g.Owner },
		"other incarnation": func(g *grant.Grant) { g.Incarnation++ },
		"other number":      func(g *grant.Grant) { g.Seq++ },
		"other prev":        func(g *grant.Grant) { g.Prev[31] ^= 1 },
		"other time":        func(g *grant.Grant) { g.TimeMS++ },
		"other leaf":        func(g *grant.Grant) { g.Lines[0].Leaf[0] ^= 1 },
		"other key":         func(g *grant.Grant) { g.Lines[0].Key[0] ^= 1 },
		"other action":      func(g *grant.Grant) { g.Lines[0] = grant.Line{Leaf: g.Lines[0].Leaf, Action: grant.Delete} },
		"line left out":     func(g *grant.Grant) { g.Lines = g.Lines[:1] },
		"lines swapped":     func(g *grant.Grant) { slices.Reverse(g.Lines) },
		"no signature":      func(g *grant.Grant) { g.Sig = sign.Signature{} },
	} {
		t.Run(name, func(t *testing.T) {
			c := *g
			c.Lines = slices.Clone(g.Lines)
			change(&c)
			if err := c.Verify(key(t, 1).Public()); federation.ReasonOf(err) != federation.ReasonSig {
				t.Error(err)
			}
			if c.Hash() == g.Hash() {
				t.Error("the hash is the same")
			}
		})
	}
	if err := g.Verify(key(t, 2).Public()); federation.ReasonOf(err) != federation.ReasonSig {
		t.Errorf("another key: %v", err)
	}
}

func TestSignaturesOfOtherContextsAreRefused(t *testing.T) {
	g, _ := issue(t, grant.Position{}, 1, give(1))
	h, a := head(t), ack(t, grant.Stored)
	signed := func(context sign.Context, whole []byte) sign.Signature {
		sig, err := key(t, 1).Sign(context, whole[:len(whole)-64])
		if err != nil {
			t.Fatal(err)
		}
		return sig
	}
	for _, context := range []sign.Context{"iconet/1/grant", "iconet/1/head", "iconet/1/ack", "iconet/1/entry", "iconet/1/nodekeys", ""} {
		g.Sig, h.Sig, a.Sig = signed(context, g.Encode()), signed(context, h.Encode()), signed(context, a.Encode())
		for own, err := range map[sign.Context]error{
			"iconet/1/grant": g.Verify(key(t, 1).Public()),
			"iconet/1/head":  h.Verify(key(t, 1).Public()),
			"iconet/1/ack":   a.Verify(key(t, 1).Public()),
		} {
			if own == context && err != nil || own != context && federation.ReasonOf(err) != federation.ReasonSig {
				t.Errorf("signature of %q as one of %q: %v", context, own, err)
			}
		}
	}
}

func TestGrantHasOneToAThousandLines(t *testing.T) {
	for n, ok := range map[int]bool{0: false, 1: true, grant.MaxLines: true, grant.MaxLines + 1: false} {
		at := grant.Position{Incarnation: 1, Seq: 4, Hash: filled(1)}
		g, pos, err := grant.Issue(at, "FR", "DE", 1, startMS, slices.Repeat([]grant.Line{give(1)}, n), key(t, 1))
		if !ok {
			if !errors.Is(err, federation.ErrInvalid) || g != nil || pos != at {
				t.Errorf("%d lines: %v", n, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%d lines: %v", n, err)
		}
		b := g.Encode()
		if got, err := grant.Parse(b); err != nil || len(got.Lines) != n || len(b) > grant.MaxBytes {
			t.Errorf("%d lines, %d bytes: %v", n, len(b), err)
		}
	}
}

func TestForeignGrantsAreRefused(t *testing.T) {
	g, _ := issue(t, grant.Position{}, 1, give(1))
	whole := g.Encode()
	const owner, grantee, count, action, size = 1, 17, 85, 87 + 32, 87 + 33
	id := func(s string) []byte { return append([]byte(s), make([]byte, 16-len(s))...) }
	for _, c := range []struct {
		name string
		at   int
		put  []byte
	}{
		{"version 0", 0, []byte{0}},
		{"version 2", 0, []byte{2}},
		{"owner in capitals", owner, id("FR")},
		{"no owner", owner, id("")},
		{"grantee with a space", grantee, id("de ")},
		{"no grantee", grantee, id("")},
		{"no lines", count, []byte{0, 0}},
		{"1 001 lines", count, []byte{3, 233}},
		{"65 535 lines", count, []byte{255, 255}},
		{"line that is not there", count, []byte{0, 2}},
		{"action 0", action, []byte{0}},
		{"action 4", action, []byte{4}},
		{"withdrawal with a key", action, []byte{2}},
		{"deletion with a key", action, []byte{3}},
		{"key of 31 bytes", size, []byte{0, 31}},
		{"key of 33 bytes", size, []byte{0, 33}},
		{"gift without a key", size, []byte{0, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := bytes.Clone(whole)
			copy(b[c.at:], c.put)
			if g, err := grant.Parse(b); federation.ReasonOf(err) != federation.ReasonLayout || g != nil {
				t.Errorf("%v", err)
			}
		})
	}
	if _, err := grant.Parse(append(whole, make([]byte, grant.MaxBytes)...)); federation.ReasonOf(err) != federation.ReasonLayout {
		t.Errorf("over the bound: %v", err)
	}
}

func TestForeignHeadsAndAcksAreRefused(t *testing.T) {
	h, a := head(t).Encode(), ack(t, grant.Stored).Encode()
	if len(h) != 189 || len(a) != 142 {
		t.Fatalf("a head has %d bytes, an acknowledgement %d", len(h), len(a))
	}
	const status = 142 - 64 - 1
	for _, c := range []struct {
		name string
		at   int
		put  byte
	}{{"version 0", 0, 0}, {"version 2", 0, 2}, {"first member", 1, 'F'}, {"second member", 17, 0}, {"end of an id", 16, 1}} {
		for what, whole := range map[string][]byte{"head": h, "acknowledgement": a} {
			b := bytes.Clone(whole)
			b[c.at] = c.put
			_, err := grant.ParseHead(b)
			if what != "head" {
				_, err = grant.ParseAck(b)
			}
			if federation.ReasonOf(err) != federation.ReasonLayout {
				t.Errorf("%s, %s: %v", what, c.name, err)
			}
		}
	}
	for v := range 256 {
		b := bytes.Clone(a)
		b[status] = byte(v)
		if _, err := grant.ParseAck(b); (err == nil) != (v >= 1 && v <= 3) {
			t.Errorf("status %d: %v", v, err)
		}
	}
}

func TestOnlyTheOwnKeyVerifiesAHeadOrAnAck(t *testing.T) {
	if err := head(t).Verify(key(t, 2).Public()); federation.ReasonOf(err) != federation.ReasonSig {
		t.Errorf("head: %v", err)
	}
	if err := ack(t, grant.Stored).Verify(key(t, 1).Public()); federation.ReasonOf(err) != federation.ReasonSig {
		t.Errorf("acknowledgement: %v", err)
	}
}

// A relay that holds a sealed grant, or a member that is sent one of another, learns nothing and cannot change it.
func TestSealedGrantOpensForItsGranteeAlone(t *testing.T) {
	g, _ := issue(t, grant.Position{}, 1, slices.Repeat([]grant.Line{give(1)}, grant.MaxLines)...)
	grantee, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	other, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := seal.Seal(g.Encode(), grantee.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	plain, err := grantee.Unseal(sealed, grant.MaxBytes)
	if err != nil {
		t.Fatal(err)
	}
	if opened, err := grant.Parse(plain); err != nil || opened.Hash() != g.Hash() {
		t.Errorf("%v", err)
	}
	if _, err := other.Unseal(sealed, grant.MaxBytes); !errors.Is(err, seal.ErrKey) {
		t.Errorf("another member: %v", err)
	}
	sealed[len(sealed)-1] ^= 1
	if _, err := grantee.Unseal(sealed, grant.MaxBytes); !errors.Is(err, seal.ErrKey) {
		t.Errorf("changed: %v", err)
	}
}

package directory_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"iconet.example/crypto/sign"
	"iconet.example/federation"
	"iconet.example/federation/directory"
)

func TestRollbackIsRefused(t *testing.T) {
	w := newWorld(t)
	b := w.book()
	first := b.After(directory.KindTimestamp, 0)[0]
	w.take(b, directory.KindTimestamp, w.makeTimestamp(7*day))
	w.refused(b, directory.KindTimestamp, first, start, federation.ReasonRollback)
	dir1 := b.After(directory.KindDirectory, 0)[0]
	dir2 := w.makeDirectory()
	w.take(b, directory.KindTimestamp, w.makeTimestamp(7*day))
	w.take(b, directory.KindDirectory, dir2)
	w.refused(b, directory.KindDirectory, dir1, start, federation.ReasonRollback)
	w.last[directory.KindDirectory] = directory.Pointer{Version: 1, Hash: directory.HashOf(nil)}
	w.refused(b, directory.KindTimestamp, w.makeTimestamp(7*day), start, federation.ReasonRollback)
}

func TestFreezeShowsAndEnds(t *testing.T) {
	w := newWorld(t)
	b := w.book()
	for _, c := range []struct {
		silence time.Duration
		want    directory.Freshness
	}{{0, directory.Fresh}, {2 * time.Hour, directory.Grey}, {25 * time.Hour, directory.Amber}, {8 * day, directory.Red}, {91 * day, directory.Closed}} {
		if got := b.Current().Freshness(start.Add(c.silence)); got != c.want {
			t.Errorf("after %s: %s, want %s", c.silence, got, c.want)
		}
	}
	w.refused(b, directory.KindTimestamp, w.makeTimestamp(7*day), start.Add(8*day), federation.ReasonExpired)
}

func TestTimestampThatLivesTooLongIsRefused(t *testing.T) {
	w := newWorld(t)
	b := w.book()
	w.refused(b, directory.KindTimestamp, w.makeTimestamp(30*day), start, federation.ReasonExpired)
}

func TestMixAndMatchIsRefused(t *testing.T) {
	w := newWorld(t)
	b := w.book()
	w.refused(b, directory.KindDirectory, w.makeDirectory(), start, federation.ReasonMix)
}

func TestForkIsRefused(t *testing.T) {
	w := newWorld(t)
	b := w.book()
	w.last[directory.KindDirectory] = directory.Pointer{}
	w.refused(b, directory.KindDirectory, w.makeDirectory(member(t, "FR", 40)), start, federation.ReasonFork)
	w.last[directory.KindDirectory] = directory.Pointer{Version: 1, Hash: directory.HashOf([]byte("another first one"))}
	two := w.makeDirectory()
	w.take(b, directory.KindTimestamp, w.makeTimestamp(7*day))
	w.refused(b, directory.KindDirectory, two, start, federation.ReasonFork)
}

func TestGapIsNotAdopted(t *testing.T) {
	w := newWorld(t)
	b := w.book()
	two, three := w.makeDirectory(), w.makeDirectory()
	w.take(b, directory.KindTimestamp, w.makeTimestamp(7*day))
	if _, err := b.Apply(directory.KindDirectory, three, start); !errors.Is(err, federation.ErrStale) {
		t.Errorf("got %v, want ErrStale", err)
	}
	w.take(b, directory.KindDirectory, two)
	w.take(b, directory.KindDirectory, three)
	if got := b.Current().Directory.Version; got != 3 {
		t.Errorf("directory %d, want 3", got)
	}
}

func TestThresholdCountsDistinctKeys(t *testing.T) {
	w := newWorld(t)
	b := w.book()
	h := w.head(directory.KindDirectory, 90*day)
	k := w.keys[directory.KindDirectory][0]
	once := w.seal(directory.KindDirectory, directory.Members{Head: h}, k)
	i := bytes.Index(once, []byte(`{"key"`))
	sig := once[i : bytes.IndexByte(once[i:], '}')+i+1]
	twice := bytes.Replace(once, sig, append(append(bytes.Clone(sig), ','), sig...), 1)
	w.refused(b, directory.KindDirectory, twice, start, federation.ReasonThreshold)
	w.refused(b, directory.KindDirectory, w.seal(directory.KindDirectory, directory.Members{Head: h}, k, w.keys[directory.KindStructure][0]), start, federation.ReasonThreshold)
}

func TestDocumentOfAnotherKindIsRefused(t *testing.T) {
	w := newWorld(t)
	b := w.book()
	w.refused(b, directory.KindStructure, w.makeDirectory(), start, federation.ReasonThreshold)
}

func TestRootSignedOnlyByNewKeysIsRefused(t *testing.T) {
	w := newWorld(t)
	b := w.book()
	fresh := []*sign.Key{key(t, 90), key(t, 91), key(t, 92)}
	next := w.root
	next.Head = w.head(directory.KindRoot, 365*day)
	next.Roles = map[directory.Kind]directory.Role{}
	for k, r := range w.root.Roles {
		next.Roles[k] = r
	}
	next.Roles[directory.KindRoot] = directory.Role{Threshold: 2, Keys: public(fresh)}
	w.refused(b, directory.KindRoot, w.seal(directory.KindRoot, next, fresh...), start, federation.ReasonRootChain)
	old := w.keys[directory.KindRoot]
	w.refused(b, directory.KindRoot, w.seal(directory.KindRoot, next, old...), start, federation.ReasonRootChain)
	w.take(b, directory.KindRoot, w.seal(directory.KindRoot, next, append(fresh[:2:2], old[:2]...)...))
}

func TestRotationFreesAKindFromAStolenKeysFloor(t *testing.T) {
	w := newWorld(t)
	b := w.book()
	w.last[directory.KindTimestamp] = directory.Pointer{Version: 1<<32 - 2}
	w.take(b, directory.KindTimestamp, w.makeTimestamp(7*day))
	w.keys[directory.KindTimestamp] = []*sign.Key{key(t, 95)}
	w.root.Roles[directory.KindTimestamp] = directory.Role{Threshold: 1, Keys: public(w.keys[directory.KindTimestamp])}
	w.take(b, directory.KindRoot, w.makeRoot())
	w.last[directory.KindTimestamp] = directory.Pointer{}
	w.take(b, directory.KindTimestamp, w.makeTimestamp(7*day))
	if got := b.Current().Timestamp.Version; got != 1 {
		t.Errorf("timestamp %d in force, want 1", got)
	}
}

func TestCommitteeCannotExchangeAMembersKeys(t *testing.T) {
	w := newWorld(t)
	fr := statement(t, "FR", 40)
	b := w.book(line(t, "FR", fr, 40))
	next := statement(t, "FR", 50)
	next.Version, next.Prev = 2, fr.Hash()
	without := line(t, "FR", next, 60) // signed by a root that is not France's
	without.NationalRoot = key(t, 40).Public()
	other := line(t, "FR", next, 60)
	gapless := *next
	gapless.Prev = [32]byte{1}
	for _, c := range []struct {
		name string
		line directory.Member
		want federation.Reason
	}{
		{"NodeKeys without NR", without, federation.ReasonNationalRoot},
		{"another NR", other, federation.ReasonNationalRoot},
		{"second statement of one version", line(t, "FR", statement(t, "FR", 50), 40), federation.ReasonFork},
		{"statement that skips its predecessor", line(t, "FR", &gapless, 40), federation.ReasonFork},
	} {
		t.Run(c.name, func(t *testing.T) {
			saved := w.last[directory.KindDirectory]
			defer func() { w.last[directory.KindDirectory] = saved }()
			trial := b.Clone()
			doc := w.makeDirectory(c.line)
			w.take(trial, directory.KindTimestamp, w.makeTimestamp(7*day))
			w.refused(trial, directory.KindDirectory, doc, start, c.want)
		})
	}
	doc := w.makeDirectory(line(t, "FR", next, 40))
	w.take(b, directory.KindTimestamp, w.makeTimestamp(7*day))
	w.take(b, directory.KindDirectory, doc)
	if p, ok := b.Current().ByP2P(key(t, 51).Public()); !ok || p.Code != "FR" {
		t.Error("the new key is not known")
	}
}

func TestStrangeMemberIDsAreRefused(t *testing.T) {
	for _, id := range []string{"fr", "FR ", "F\x00", "F\u0420", "EL", "P:", "../", ""} {
		w := newWorld(t)
		b, err := directory.NewBook(w.makeRoot())
		if err != nil {
			t.Fatal(err)
		}
		m := member(t, "FR", 40)
		m.Code = federation.MemberCode(id)
		doc := w.makeDirectory(m)
		w.makeStructure()
		w.take(b, directory.KindTimestamp, w.makeTimestamp(7*day))
		w.refused(b, directory.KindDirectory, doc, start, federation.ReasonMemberID)
	}
}

func TestCrookedDocumentsAreRefused(t *testing.T) {
	w := newWorld(t)
	b := w.book()
	raw := func(payload string) []byte {
		d := sign.NewDocument([]byte(payload))
		for _, k := range w.keys[directory.KindDirectory] {
			if err := d.Sign(directory.KindDirectory.Context(), k); err != nil {
				t.Fatal(err)
			}
		}
		return d.Encode()
	}
	head := `"type":"directory","version":2,"expires":"2026-04-01T00:00:00Z","previous":""`
	for name, doc := range map[string][]byte{
		"over 4 MiB":       bytes.Repeat([]byte(" "), sign.MaxDocument+1),
		"no JSON":          []byte("]"),
		"two values":       append(b.After(directory.KindDirectory, 0)[0], "{}"...),
		"duplicate keys":   raw(`{` + head + `,"version":3,"members":[]}`),
		"unknown key":      raw(`{` + head + `,"members":[],"admin":true}`),
		"depth":            raw(`{` + head + `,"members":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}`),
		"NaN":              raw(`{` + head + `,"members":NaN}`),
		"version 1e9":      raw(`{"type":"directory","version":1e9,"expires":"2026-04-01T00:00:00Z","previous":"","members":[]}`),
		"negative version": raw(`{"type":"directory","version":-1,"expires":"2026-04-01T00:00:00Z","previous":"","members":[]}`),
		"wrong type":       raw(`{"type":"root","version":2,"expires":"2026-04-01T00:00:00Z","previous":"","members":[]}`),
		"small-order key": []byte(fmt.Sprintf(`{"payload":"%s","signatures":[{"key":"%s","sig":"%s"}]}`, base64.StdEncoding.EncodeToString([]byte("{}")),
			"01"+strings.Repeat("00", 31), base64.StdEncoding.EncodeToString(make([]byte, 64)))),
	} {
		t.Run(name, func(t *testing.T) {
			w := *w
			w.t = t
			w.refused(b, directory.KindDirectory, doc, start, federation.ReasonParse)
		})
	}
}

func TestExpiredStoredDocumentsStillLoad(t *testing.T) {
	w := newWorld(t)
	b := w.book(member(t, "FR", 40))
	again, err := directory.NewBook(b.After(directory.KindRoot, 0)[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range directory.Kinds()[1:] {
		for _, doc := range b.After(kind, 0) {
			if _, err := again.Load(kind, doc); err != nil {
				t.Fatal(err)
			}
		}
	}
	if v := again.Current(); v == nil || len(v.Active()) != 1 {
		t.Error("the stored documents do not give the view back")
	}
}

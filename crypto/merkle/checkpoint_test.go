package merkle_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"iconet.example/crypto/merkle"
	"iconet.example/crypto/sign"
)

const origin = "iconet.example/feed/FR"

var root = merkle.LeafHash([]byte("root"))

func key(t testing.TB, n byte) *sign.Key {
	t.Helper()
	k, err := sign.KeyFromSeed(bytes.Repeat([]byte{n}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// noteSigner gives the stock library's signer, for notes that SignCheckpoint would not write.
func noteSigner(t testing.TB, name string, k *sign.Key) note.Signer {
	t.Helper()
	pub := k.Public()
	verifier, err := note.NewEd25519VerifierKey(name, pub[:])
	if err != nil {
		t.Fatal(err)
	}
	hash := strings.Split(verifier, "+")[1]
	secret := base64.StdEncoding.EncodeToString(append([]byte{1}, k.Seed()...))
	s, err := note.NewSigner(fmt.Sprintf("PRIVATE+KEY+%s+%s+%s", name, hash, secret))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func signText(t testing.TB, text string, signers ...note.Signer) []byte {
	t.Helper()
	b, err := note.Sign(&note.Note{Text: text}, signers...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestCheckpointOpensToWhatWasSigned(t *testing.T) {
	for _, size := range []uint64{0, 1, 10, 1<<62 - 1} {
		want := merkle.Checkpoint{Origin: origin, Size: size, Root: root}
		signed, err := merkle.SignCheckpoint(want, key(t, 1))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := merkle.OpenCheckpoint(signed, origin, key(t, 1).Public()); err != nil || got != want {
			t.Errorf("size %d came back as %+v, %v", size, got, err)
		}
	}
}

// TestCheckpointKeepsItsForm holds the bytes of testdata/checkpoint.txt, which other C2SP tools read.
func TestCheckpointKeepsItsForm(t *testing.T) {
	want, err := os.ReadFile("testdata/checkpoint.txt")
	if err != nil {
		t.Fatal(err)
	}
	got, err := merkle.SignCheckpoint(merkle.Checkpoint{Origin: origin, Size: 7, Root: root}, key(t, 1))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("the checkpoint is now\n%s\n%v", got, err)
	}
	if c, err := merkle.OpenCheckpoint(want, origin, key(t, 1).Public()); err != nil || c.Size != 7 || c.Root != root {
		t.Errorf("it opens to %+v, %v", c, err)
	}
}

func TestOpenCheckpointPassesOverSignaturesOfOthers(t *testing.T) {
	text := fmt.Sprintf("%s\n7\n%s\n", origin, base64.StdEncoding.EncodeToString(root[:]))
	signed := signText(t, text, noteSigner(t, "witness.example", key(t, 2)), noteSigner(t, origin, key(t, 1)))
	if c, err := merkle.OpenCheckpoint(signed, origin, key(t, 1).Public()); err != nil || c.Size != 7 {
		t.Errorf("it opens to %+v, %v", c, err)
	}
}

func TestOpenCheckpointRefuses(t *testing.T) {
	k := key(t, 1)
	own, b64 := noteSigner(t, origin, k), base64.StdEncoding.EncodeToString(root[:])
	good := signText(t, fmt.Sprintf("%s\n7\n%s\n", origin, b64), own)
	lines := func(parts ...string) []byte { return signText(t, strings.Join(parts, "\n")+"\n", own) }
	var cosigners []note.Signer
	for n := range byte(60) {
		cosigners = append(cosigners, noteSigner(t, fmt.Sprintf("witness-%d.example", n), key(t, n+10)))
	}
	for _, c := range []struct {
		name   string
		signed []byte
		origin string
		key    *sign.Key
	}{
		{"nothing", nil, origin, k},
		{"text without signature", []byte(fmt.Sprintf("%s\n7\n%s\n", origin, b64)), origin, k},
		{"another key", good, origin, key(t, 2)},
		{"another origin", good, "iconet.example/feed/DE", k},
		{"another key under our name", signText(t, fmt.Sprintf("%s\n7\n%s\n", origin, b64), noteSigner(t, origin, key(t, 2))), origin, k},
		{"a witness alone", signText(t, fmt.Sprintf("%s\n7\n%s\n", origin, b64), noteSigner(t, "witness.example", key(t, 2))), origin, k},
		{"our key on the text of another log", lines("iconet.example/feed/DE", "7", b64), origin, k},
		{"size changed after signing", bytes.Replace(good, []byte("\n7\n"), []byte("\n8\n"), 1), origin, k},
		{"something before", append([]byte("\n"), good...), origin, k},
		{"something behind", append(bytes.Clone(good), "more\n"...), origin, k},
		{"negative size", lines(origin, "-7", b64), origin, k},
		{"size with a sign", lines(origin, "+7", b64), origin, k},
		{"size with leading zero", lines(origin, "07", b64), origin, k},
		{"size in hexadecimal", lines(origin, "0x7", b64), origin, k},
		{"size with underscore", lines(origin, "1_0", b64), origin, k},
		{"empty size", lines(origin, "", b64), origin, k},
		{"size of 2^62", lines(origin, "4611686018427387904", b64), origin, k},
		{"size of 2^64", lines(origin, "18446744073709551616", b64), origin, k},
		{"root of 31 bytes", lines(origin, "7", base64.StdEncoding.EncodeToString(root[:31])), origin, k},
		{"root of 33 bytes", lines(origin, "7", base64.StdEncoding.EncodeToString(append(root[:], 0))), origin, k},
		{"root without padding", lines(origin, "7", base64.RawStdEncoding.EncodeToString(root[:])), origin, k},
		{"root with loose last bits", lines(origin, "7", strings.Repeat("A", 42)+"B="), origin, k},
		{"root in hexadecimal", lines(origin, "7", root.String()), origin, k},
		{"no root", lines(origin, "7"), origin, k},
		{"extension line", lines(origin, "7", b64, "extension"), origin, k},
		{"more than 4 KiB", signText(t, fmt.Sprintf("%s\n7\n%s\n", origin, b64), append(cosigners, own)...), origin, k},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := merkle.OpenCheckpoint(c.signed, c.origin, c.key.Public())
			if !errors.Is(err, merkle.ErrCheckpoint) || got != (merkle.Checkpoint{}) {
				t.Errorf("gave %+v, %v; want ErrCheckpoint alone", got, err)
			}
		})
	}
}

func TestOpenCheckpointRefusesAnyFlippedByte(t *testing.T) {
	signed, err := merkle.SignCheckpoint(merkle.Checkpoint{Origin: origin, Size: 7, Root: root}, key(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	for i := range signed {
		bad := bytes.Clone(signed)
		bad[i] ^= 1
		if c, err := merkle.OpenCheckpoint(bad, origin, key(t, 1).Public()); !errors.Is(err, merkle.ErrCheckpoint) {
			t.Errorf("byte %d flipped: gave %+v, %v; want ErrCheckpoint", i, c, err)
		}
	}
}

func TestSignCheckpointRefusesOriginsThatNoNoteCanHave(t *testing.T) {
	for _, name := range []string{"", "with space", "with+plus", "two\nlines", "\xff"} {
		if b, err := merkle.SignCheckpoint(merkle.Checkpoint{Origin: name, Size: 1, Root: root}, key(t, 1)); err == nil {
			t.Errorf("origin %q is signed: %q", name, b)
		}
		if _, err := merkle.OpenCheckpoint([]byte("x"), name, key(t, 1).Public()); err == nil {
			t.Errorf("a checkpoint of %q opens", name)
		}
	}
}

func FuzzCheckpoint(f *testing.F) {
	own := noteSigner(f, origin, key(f, 1))
	b64 := base64.StdEncoding.EncodeToString(root[:])
	f.Add(fmt.Sprintf("%s\n7\n%s\n", origin, b64), true)
	f.Add(fmt.Sprintf("%s\n007\n%s\n\n", origin, b64), true)
	f.Add(string(signText(f, fmt.Sprintf("%s\n7\n%s\n", origin, b64), own)), false)
	f.Fuzz(func(t *testing.T, in string, wrap bool) {
		// Wrapped, the text is signed first, so the parser behind the signature is reached.
		signed := []byte(in)
		if wrap {
			var err error
			if signed, err = note.Sign(&note.Note{Text: in}, own); err != nil {
				return
			}
		}
		c, err := merkle.OpenCheckpoint(signed, origin, key(t, 1).Public())
		if err != nil {
			if !errors.Is(err, merkle.ErrCheckpoint) {
				t.Errorf("error %v does not wrap ErrCheckpoint", err)
			}
			return
		}
		again, err := merkle.SignCheckpoint(c, key(t, 1))
		if err != nil {
			t.Fatal(err)
		}
		if wrap && !bytes.Equal(again, signed) {
			t.Errorf("signed again, %q became %q", signed, again)
		}
		if !wrap && !bytes.HasPrefix(signed, again[:bytes.Index(again, []byte("\n\n"))]) {
			t.Errorf("%q opened to another text", signed)
		}
	})
}

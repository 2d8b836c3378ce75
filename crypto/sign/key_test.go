package sign_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"filippo.io/edwards25519"

	"iconet.example/crypto/sign"
)

func key(t testing.TB, n byte) *sign.Key {
	t.Helper()
	k, err := sign.KeyFromSeed(bytes.Repeat([]byte{n}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestKeyFromSeedGivesTheKeysOfRFC8032 uses section 7.1, tests 1 to 3.
func TestKeyFromSeedGivesTheKeysOfRFC8032(t *testing.T) {
	for _, c := range []struct{ name, seed, public, message, signature string }{
		{"test 1", "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
			"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
			"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
		{"test 2", "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
			"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
			"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
		{"test 3", "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
			"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
			"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, err := sign.KeyFromSeed(unhex(t, c.seed))
			if err != nil {
				t.Fatal(err)
			}
			if k.Public().String() != c.public {
				t.Errorf("public key %s, want %s", k.Public(), c.public)
			}
			if got := hex.EncodeToString(ed25519.Sign(k.Std(), unhex(t, c.message))); got != c.signature {
				t.Errorf("signature %s, want %s", got, c.signature)
			}
			if hex.EncodeToString(k.Seed()) != c.seed {
				t.Error("the seed came back changed")
			}
			if parsed, err := sign.ParsePublicKey(unhex(t, c.public)); err != nil || parsed != k.Public() {
				t.Errorf("parsing the public key gave %s, %v", parsed, err)
			}
		})
	}
}

func TestKeyFromSeedRefusesOtherLengths(t *testing.T) {
	for _, n := range []int{0, 31, 33, 64} {
		if _, err := sign.KeyFromSeed(make([]byte, n)); !errors.Is(err, sign.ErrKey) {
			t.Errorf("%d bytes: error %v, want ErrKey", n, err)
		}
	}
}

func TestNewKeyTakesItsSeedFromTheSource(t *testing.T) {
	k, err := sign.NewKey(bytes.NewReader(bytes.Repeat([]byte{7}, 40)))
	if err != nil || k.Public() != key(t, 7).Public() {
		t.Errorf("another key was drawn, or error %v", err)
	}
	if _, err := sign.NewKey(bytes.NewReader(make([]byte, 31))); err == nil {
		t.Error("a key was drawn from 31 bytes")
	}
}

// TestSignatureIsOverTheFramedMessage builds the frame by hand, so that a change of it cannot pass unseen.
func TestSignatureIsOverTheFramedMessage(t *testing.T) {
	k, body := key(t, 1), []byte("body")
	got, err := k.Sign("iconet/1/test", body)
	if err != nil {
		t.Fatal(err)
	}
	framed := binary.BigEndian.AppendUint32([]byte("iconet/1/test\x00"), uint32(len(body)))
	framed = append(framed, body...)
	if want := sign.Signature(ed25519.Sign(k.Std(), framed)); got != want {
		t.Errorf("signature %x, want %x", got, want)
	}
}

func TestVerifyRefusesEverythingButWhatWasSigned(t *testing.T) {
	k, body := key(t, 1), []byte("the body")
	sig, err := k.Sign("a", body)
	if err != nil {
		t.Fatal(err)
	}
	if err := sign.Verify(k.Public(), "a", body, sig); err != nil {
		t.Fatal(err)
	}
	// The group order added to S gives a second form of the signature, which RFC 8032, 5.1.7 refuses.
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	s := slices.Clone(sig[32:])
	slices.Reverse(s)
	high := new(big.Int).Add(new(big.Int).SetBytes(s), order).FillBytes(make([]byte, 32))
	slices.Reverse(high)
	malleable := sign.Signature(append(slices.Clone(sig[:32]), high...))

	for _, c := range []struct {
		name string
		pub  sign.PublicKey
		ctx  sign.Context
		body string
		sig  sign.Signature
	}{
		{"another key", key(t, 2).Public(), "a", "the body", sig},
		{"no key", sign.PublicKey{}, "a", "the body", sig},
		{"another context", k.Public(), "b", "the body", sig},
		{"empty context", k.Public(), "", "the body", sig},
		{"longer context", k.Public(), "a/b", "the body", sig},
		{"context holding the frame", k.Public(), "a\x00\x00\x00\x00\x08the", " body", sig},
		{"other body", k.Public(), "a", "the b0dy", sig},
		{"longer body", k.Public(), "a", "the body ", sig},
		{"empty body", k.Public(), "a", "", sig},
		{"zero signature", k.Public(), "a", "the body", sign.Signature{}},
		{"signature with a high S", k.Public(), "a", "the body", malleable},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := sign.Verify(c.pub, c.ctx, []byte(c.body), c.sig); !errors.Is(err, sign.ErrSignature) {
				t.Errorf("error %v, want ErrSignature", err)
			}
		})
	}
	for i := range sig {
		bad := sig
		bad[i] ^= 1
		if err := sign.Verify(k.Public(), "a", body, bad); !errors.Is(err, sign.ErrSignature) {
			t.Errorf("byte %d flipped: error %v, want ErrSignature", i, err)
		}
	}
}

// smallOrder has the canonical encodings of the eight points of small order (Chalkias et al., Taming the many EdDSAs).
var smallOrder = []string{
	"0100000000000000000000000000000000000000000000000000000000000000",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0000000000000000000000000000000000000000000000000000000000000080",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
}

func TestParsePublicKeyRefusesSmallOrder(t *testing.T) {
	for _, s := range smallOrder {
		b := unhex(t, s)
		p, err := new(edwards25519.Point).SetBytes(b)
		if err != nil || !bytes.Equal(p.Bytes(), b) {
			t.Fatalf("%s is refused for another reason: %v", s, err)
		}
		if _, err := sign.ParsePublicKey(b); !errors.Is(err, sign.ErrKey) {
			t.Errorf("%s: error %v, want ErrKey", s, err)
		}
	}
}

func TestParsePublicKeyRefusesNonCanonicalEncodings(t *testing.T) {
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	points := 0
	for i := range int64(19) { // the 19 values y + p that fit in 255 bits, with both signs
		for _, sign255 := range []byte{0, 0x80} {
			b := new(big.Int).Add(p, big.NewInt(i)).FillBytes(make([]byte, 32))
			slices.Reverse(b)
			b[31] |= sign255
			if _, err := new(edwards25519.Point).SetBytes(b); err == nil {
				points++
			}
			if _, err := sign.ParsePublicKey(b); !errors.Is(err, sign.ErrKey) {
				t.Errorf("p + %d, sign %x: error %v, want ErrKey", i, sign255, err)
			}
		}
	}
	if points < 10 {
		t.Errorf("only %d of these decode to a point at all", points)
	}
	// x = 0 has no negative: -0 is a second encoding of the same point.
	for _, s := range []string{"0100000000000000000000000000000000000000000000000000000000000080",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"} {
		if _, err := sign.ParsePublicKey(unhex(t, s)); !errors.Is(err, sign.ErrKey) {
			t.Errorf("%s: error %v, want ErrKey", s, err)
		}
	}
}

func TestParsePublicKeyRefusesWhatIsNoPoint(t *testing.T) {
	good := key(t, 1).Public()
	for name, b := range map[string][]byte{
		"nothing":            nil,
		"31 bytes":           good[:31],
		"33 bytes":           append(good[:], 0),
		"not on the curve":   append([]byte{2}, make([]byte, 31)...),
		"hexadecimal digits": []byte(good.String()),
	} {
		if _, err := sign.ParsePublicKey(b); !errors.Is(err, sign.ErrKey) {
			t.Errorf("%s: error %v, want ErrKey", name, err)
		}
	}
}

func TestPublicKeyTextIsLowerCaseHexOfAnAcceptableKey(t *testing.T) {
	want := key(t, 1).Public()
	text, err := want.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	var got sign.PublicKey
	if err := got.UnmarshalText(text); err != nil || got != want {
		t.Errorf("the text %s came back as %s, %v", text, got, err)
	}
	for name, s := range map[string]string{
		"upper case": strings.ToUpper(string(text)),
		"empty":      "",
		"short":      string(text[:62]),
		"odd":        string(text[:63]),
		"long":       string(text) + "00",
		"space":      " " + string(text),
		"no hex":     strings.Repeat("zz", 32),
		"no point":   "02" + strings.Repeat("00", 31),
		"low order":  smallOrder[4],
	} {
		k := want
		if err := k.UnmarshalText([]byte(s)); !errors.Is(err, sign.ErrKey) || k != want {
			t.Errorf("%s: error %v, want ErrKey and the key untouched", name, err)
		}
	}
}

// TestFingerprintIsStable pins the text that people compare by phone.
func TestFingerprintIsStable(t *testing.T) {
	const want = "EH7D DX5B KSRG CYTL 7BKA I36S E4NX X3KL"
	k, err := sign.KeyFromSeed(unhex(t, "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
	if err != nil {
		t.Fatal(err)
	}
	if got := k.Public().Fingerprint(); got != want {
		t.Errorf("fingerprint %q, want %q", got, want)
	}
}

func TestPrivateKeyIsHiddenFromText(t *testing.T) {
	k := key(t, 0x61)
	for _, verb := range []string{"%v", "%+v", "%s", "%q", "%x"} {
		out := fmt.Sprintf(verb, k)
		if strings.Contains(out, "aaaaaa") || strings.Contains(out, "616161") || strings.Contains(out, "97 97 97") {
			t.Errorf("%s shows the seed", verb)
		}
	}
}

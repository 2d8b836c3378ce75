package federation_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"iconet.example/federation"
)

func TestItemIDFromBytesIsAVersion4UUID(t *testing.T) {
	for _, fill := range []byte{0x00, 0xff} {
		id := federation.ItemIDFrom([16]byte(bytes.Repeat([]byte{fill}, 16)))
		s := id.String()
		if s[14] != '4' || !strings.ContainsRune("89ab", rune(s[19])) {
			t.Errorf("%s has not the version and variant of RFC 9562", s)
		}
		if again, err := federation.ParseItemID(s); err != nil || again != id {
			t.Errorf("%s came back as %s, %v", s, again, err)
		}
	}
}

func TestParseItemIDRefuses(t *testing.T) {
	const good = "0d8f0f6e-9c1b-4f6e-8a53-2f6d6c1f0a11"
	if _, err := federation.ParseItemID(good); err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string]string{
		"nothing":        "",
		"upper case":     strings.ToUpper(good),
		"no dashes":      strings.ReplaceAll(good, "-", ""),
		"moved dash":     "0d8f0f6e9-c1b-4f6e-8a53-2f6d6c1f0a11",
		"braces":         "{" + good + "}",
		"short":          good[:35],
		"long":           good + "0",
		"space":          good + " ",
		"NUL":            good + "\x00",
		"version 1":      strings.Replace(good, "-4f6e", "-1f6e", 1),
		"version 7":      strings.Replace(good, "-4f6e", "-7f6e", 1),
		"other variant":  strings.Replace(good, "-8a53", "-ca53", 1),
		"nil UUID":       "00000000-0000-0000-0000-000000000000",
		"not hex":        strings.Replace(good, "0d8f", "0d8g", 1),
		"full width 0":   strings.Replace(good, "0d8f", "\uff10d8f", 1),
		"path traversal": "../" + good,
	} {
		if id, err := federation.ParseItemID(in); !errors.Is(err, federation.ErrInvalid) || id != (federation.ItemID{}) {
			t.Errorf("%s: gave %s, %v; want ErrInvalid", name, id, err)
		}
	}
}

func TestItemIDKeepsItsValueWhenTheTextIsRefused(t *testing.T) {
	id, err := federation.ParseItemID("0d8f0f6e-9c1b-4f6e-8a53-2f6d6c1f0a11")
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(id)
	if err != nil {
		t.Fatal(err)
	}
	again := id
	if err := json.Unmarshal([]byte(`"no id"`), &again); err == nil || again != id {
		t.Errorf("after a refused text the id is %s, %v", again, err)
	}
	if err := json.Unmarshal(b, &again); err != nil || again != id {
		t.Errorf("JSON %s came back as %s, %v", b, again, err)
	}
}

func TestMarkingsReadBackAndNoOthersExist(t *testing.T) {
	for m := federation.MarkingPublic; m <= federation.MarkingSensitive; m++ {
		if got, err := federation.ParseMarking(m.String()); err != nil || got != m || !m.Valid() {
			t.Errorf("%s came back as %s, %v", m, got, err)
		}
	}
	for _, s := range []string{"", "network", "NETWORK ", "RESTREINT UE", "EU RESTRICTED", "SECRET", "Marking(4)"} {
		if m, err := federation.ParseMarking(s); !errors.Is(err, federation.ErrInvalid) {
			t.Errorf("%q gave %s, %v; want ErrInvalid", s, m, err)
		}
	}
	if m := federation.Marking(4); m.Valid() || m.String() != "Marking(4)" {
		t.Errorf("marking 4 is %s", m)
	}
}

func FuzzParseItemID(f *testing.F) {
	f.Add("0d8f0f6e-9c1b-4f6e-8a53-2f6d6c1f0a11")
	f.Add("0D8F0F6E9C1B4F6E8A532F6D6C1F0A11")
	f.Fuzz(func(t *testing.T, s string) {
		if id, err := federation.ParseItemID(s); err == nil && id.String() != s {
			t.Errorf("%q was read as %s", s, id)
		}
	})
}

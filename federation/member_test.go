package federation_test

import (
	"errors"
	"strings"
	"testing"

	"iconet.example/federation"
)

func TestParseMemberReadsCodesAsPeopleWriteThem(t *testing.T) {
	for in, want := range map[string]federation.MemberCode{
		"FR": "FR", "fr": "FR", " de\t": "DE", "GR": "GR", "EL": "GR", "el": "GR", "COM": "COM", "com": "COM",
		"P:EUROPOL": "P:EUROPOL", "p:frontex": "P:FRONTEX", "P:A1": "P:A1", "P:ABCDEFGHIJKLMN": "P:ABCDEFGHIJKLMN",
	} {
		got, err := federation.ParseMember(in)
		if err != nil || got != want {
			t.Errorf("%q gave %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestParseMemberRefuses(t *testing.T) {
	for name, in := range map[string]string{
		"nothing":              "",
		"space only":           "  ",
		"one letter":           "F",
		"three letters":        "FRA",
		"digit":                "F1",
		"inner space":          "F R",
		"inner NUL":            "F\x00",
		"trailing NUL":         "FR\x00",
		"Cyrillic R":           "F\u0420",
		"Greek E for EL":       "\u0395L",
		"Kelvin sign":          "D\u212a",
		"full width":           "\uff26\uff32",
		"zero width space":     "F\u200bR",
		"two members":          "FR,DE",
		"partner without body": "P:",
		"partner of a letter":  "P:A",
		"partner of 15":        "P:ABCDEFGHIJKLMNO",
		"partner from a digit": "P:1A",
		"partner with a dash":  "P:EU-LISA",
		"wire form of partner": "P-EUROPOL",
		"not UTF-8":            "\xff\xfe",
	} {
		if got, err := federation.ParseMember(in); !errors.Is(err, federation.ErrInvalid) {
			t.Errorf("%s: gave %q, %v; want ErrInvalid", name, got, err)
		}
	}
}

func TestParseMemberQuotesOnlyAShortPieceInItsError(t *testing.T) {
	_, err := federation.ParseMember(strings.Repeat("x\n", 5000))
	if err == nil || len(err.Error()) > 300 || strings.Contains(err.Error(), "\n") {
		t.Errorf("the error is long or has line breaks: %d bytes", len(err.Error()))
	}
}

func TestOnlyThePagesShowELForGreece(t *testing.T) {
	if federation.MemberCode("EL").Valid() {
		t.Error("EL is a valid code inside the network")
	}
	if got := federation.MemberCode("GR").Display(); got != "EL" {
		t.Errorf("Greece is shown as %s", got)
	}
	if got := federation.MemberCode("P:EUROPOL").Display(); got != "P:EUROPOL" {
		t.Errorf("a partner is shown as %s", got)
	}
}

func TestOnlyBodiesArePartners(t *testing.T) {
	for code, want := range map[federation.MemberCode]bool{"P:EUROPOL": true, "PL": false, "COM": false, "": false} {
		if got := code.Partner(); got != want {
			t.Errorf("%q: partner %v", code, got)
		}
	}
}

func TestMemberIDReadsBack(t *testing.T) {
	for _, m := range []federation.MemberCode{"FR", "GR", "COM", "P:EUROPOL", "P:ABCDEFGHIJKLMN"} {
		got, err := federation.MemberFromID(m.ID())
		if err != nil || got != m {
			t.Errorf("%s came back as %q, %v", m, got, err)
		}
	}
	if id := federation.MemberCode("FR").ID(); id != [16]byte{'f', 'r'} {
		t.Errorf("FR is %x", id)
	}
	if id := federation.MemberCode("P:EUROPOL").ID(); string(id[:9]) != "p-europol" {
		t.Errorf("P:EUROPOL is %x", id)
	}
}

func TestMemberFromIDTakesOneSpellingOnly(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":            "",
		"upper case":         "FR",
		"mixed case":         "fR",
		"EL":                 "el",
		"space":              "fr ",
		"NUL inside":         "f\x00r",
		"NUL before":         "\x00fr",
		"text after padding": "fr\x00\x00x",
		"Cyrillic":           "f\u0440",
		"dotless i":          "\u0131t",
		"long s":             "\u017fe",
		"partner with colon": "p:europol",
		"second dash":        "p-eu-lisa",
		"sixteen letters":    "abcdefghijklmnop",
	} {
		var id [16]byte
		copy(id[:], text)
		if m, err := federation.MemberFromID(id); !errors.Is(err, federation.ErrInvalid) {
			t.Errorf("%s: gave %q, %v; want ErrInvalid", name, m, err)
		}
	}
}

func FuzzMemberFromID(f *testing.F) {
	for _, s := range []string{"fr", "com", "p-europol", "el", "F\x00"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var id [16]byte
		copy(id[:], b)
		m, err := federation.MemberFromID(id)
		if err == nil && (!m.Valid() || m.ID() != id) {
			t.Errorf("%x gave %q, which is %x", id, m, m.ID())
		}
	})
}

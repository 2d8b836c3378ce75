package policy_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"iconet.example/federation"
	"iconet.example/federation/directory"
	"iconet.example/federation/policy"
)

type register map[federation.MemberCode]*directory.Peer

func (r register) Member(c federation.MemberCode) (*directory.Peer, bool) {
	p, ok := r[c]
	return p, ok
}

func (r register) Active() []*directory.Peer {
	var out []*directory.Peer
	for _, p := range r {
		if p.Status == directory.Active {
			out = append(out, p)
		}
	}
	return out
}

func people() register {
	r := register{}
	for _, p := range []*directory.Peer{
		{Code: "COM", Class: directory.Full, Status: directory.Active},
		{Code: "FR", Class: directory.Full, Status: directory.Active},
		{Code: "DE", Class: directory.Full, Status: directory.Active},
		{Code: "GR", Class: directory.Full, Status: directory.Active},
		{Code: "PL", Class: directory.Full, Status: directory.Suspended},
		{Code: "HR", Class: directory.Full, Status: directory.Pending},
		{Code: "GB", Class: directory.Full, Status: directory.Expelled},
		{Code: "NO", Class: directory.Selective, Status: directory.Active, Elements: []federation.ElementCode{"EWS"}},
		{Code: "US", Class: directory.None, Status: directory.Active},
		{Code: "P:EUROPOL", Class: directory.Selective, Status: directory.Active, Elements: []federation.ElementCode{"EWS"}},
	} {
		r[p.Code] = p
	}
	return r
}

func TestAudienceMeansWhatItSays(t *testing.T) {
	for _, c := range []struct {
		name, selector string
		owner          federation.MemberCode
		want           string // codes, or a part of the error after "!"
	}{
		{"all is active full members and COM, no partner", "all", "FR", "COM DE FR GR"},
		{"all in capitals and with space", " ALL ", "FR", "COM DE FR GR"},
		{"named plus the owner", "DE", "FR", "DE FR"},
		{"spaces, case and order do not matter", " gr, de", "FR", "DE FR GR"},
		{"EL means Greece", "EL", "FR", "FR GR"},
		{"twice is once", "DE,DE,FR", "FR", "DE FR"},
		{"a partner is named", "P:EUROPOL", "FR", "FR P:EUROPOL"},
		{"selective access is named", "NO", "FR", "FR NO"},
		{"empty", "", "FR", "!is empty"},
		{"blank", "  ", "FR", "!is empty"},
		{"a gap in the list", "DE,,GR", "FR", "!not a member code"},
		{"unknown", "XX", "FR", "!not in the directory"},
		{"homoglyph", "D\u0415", "FR", "!not a member code"},
		{"suspended", "DE,PL", "FR", "!suspended"},
		{"pending", "HR", "FR", "!pending"},
		{"expelled", "GB", "FR", "!left"},
		{"no access", "US", "FR", "!no access"},
		{"nobody but the owner", "FR", "FR", "!nobody but FR"},
		{"a suspended owner", "all", "PL", "!cannot publish"},
		{"an unknown owner", "all", "XX", "!cannot publish"},
		{"all is not mixed with names", "all,DE", "FR", "!not a member code"},
		{"too long", strings.Repeat("DE,", 1000), "FR", "!longer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := policy.Audience(people(), c.selector, c.owner)
			if part, wrong := strings.CutPrefix(c.want, "!"); wrong {
				if !errors.Is(err, federation.ErrInvalid) || !strings.Contains(err.Error(), part) {
					t.Fatalf("got %v, %v; want an ErrInvalid with %q", got, err, part)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var words []string
			for _, m := range got {
				words = append(words, string(m))
			}
			if strings.Join(words, " ") != c.want {
				t.Errorf("got %v, want %s", words, c.want)
			}
		})
	}
}

func TestSelectiveAccessEndsAtItsElements(t *testing.T) {
	in := people()
	if err := policy.CheckElement(in, []federation.MemberCode{"FR", "NO", "P:EUROPOL"}, "EWS"); err != nil {
		t.Error(err)
	}
	for _, m := range []federation.MemberCode{"NO", "P:EUROPOL", "XX"} {
		if err := policy.CheckElement(in, []federation.MemberCode{"FR", m}, "RET"); !errors.Is(err, federation.ErrInvalid) {
			t.Errorf("%s may be sent items of RET: %v", m, err)
		}
	}
}

func TestAllNeverHoldsAPartnerEvenOneListedAsFull(t *testing.T) {
	in := people()
	in["P:EUROPOL"].Class = directory.Full
	got, err := policy.Audience(in, policy.All, "FR")
	if err != nil || slices.Contains(got, "P:EUROPOL") {
		t.Errorf("got %v, %v", got, err)
	}
}

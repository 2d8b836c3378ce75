package federation_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"iconet.example/federation"
)

func TestCompleteWarningHasNoFaults(t *testing.T) {
	if faults := structure(t).Validate(warning(t, nil), now); len(faults) > 0 {
		t.Errorf("faults: %v", faults)
	}
}

func TestValidateRefusesFormsNotInForce(t *testing.T) {
	s := structure(t)
	for _, it := range []*federation.Item{{Form: "EWS-99", Version: 1}, {Form: "EWS-01", Version: 2}, {Form: "EWS-01"}, {}} {
		if diff := cmp.Diff([]string{"form form"}, brief(s.Validate(it, now))); diff != "" {
			t.Errorf("%s %d: %s", it.Form, it.Version, diff)
		}
	}
}

// mandatory lists the paths of all fields that must be there, those inside of groups as the sample fills them.
func mandatory(s *federation.Structure) []string {
	form, _ := s.Form("EWS-01")
	out := slices.Clone(form.RequireHeader)
	for i := range out {
		out[i] = "header." + out[i]
	}
	var collect func(at string, fields []federation.Field)
	collect = func(at string, fields []federation.Field) {
		for _, f := range fields {
			path := at + "." + f.ID
			if f.Required == "M" {
				out = append(out, path)
			}
			if f.ID == "translations" {
				continue // the sample has none
			}
			if f.Type.Many {
				path += ".0"
			}
			collect(path, append(slices.Clone(f.Fields), f.Type.Kind.Parts()...))
		}
	}
	collect("header", s.Header)
	collect("fields", form.Fields)
	return out
}

func TestEachMandatoryFieldIsAskedForInBothLanguages(t *testing.T) {
	s := structure(t)
	paths := mandatory(s)
	if len(paths) < 50 {
		t.Fatalf("only %d mandatory fields: %v", len(paths), paths)
	}
	for _, path := range paths {
		for name, value := range map[string]any{"missing": drop{}, "empty": ""} {
			t.Run(path+" "+name, func(t *testing.T) {
				want := strings.ReplaceAll(path, ".0", "[0]")
				faults := s.Validate(warning(t, edits{path: value}), now)
				if len(faults) == 0 || faults[0].Path != want || faults[0].Rule != "required" {
					t.Fatalf("faults %v, want %s required", faults, want)
				}
				// The rules for the header as a whole may say more about the same field, but nothing else is at fault.
				compared := want == "header.audience" || want == "header.tlp" || strings.HasSuffix(want, "_declaration") && value == ""
				for _, more := range faults[1:] {
					if more.Path != want || !compared {
						t.Errorf("also %v", more)
					}
				}
				en, fr := faults[0].Message(s, "EWS-01", "en"), faults[0].Message(s, "EWS-01", "fr")
				if !strings.HasSuffix(en, ": enter an answer") || !strings.HasSuffix(fr, " : indiquez une réponse") {
					t.Errorf("messages %q and %q", en, fr)
				}
			})
		}
	}
}

func TestBlankAnswersAreNone(t *testing.T) {
	s := structure(t)
	for _, path := range []string{"header.title", "header.summary", "header.originating_unit", "fields.what", "fields.contact", "fields.place.name"} {
		if diff := cmp.Diff([]string{path + " required"}, brief(s.Validate(warning(t, edits{path: " \t"}), now))); diff != "" {
			t.Error(diff)
		}
	}
	for _, path := range []string{"fields.response", "fields.action_asked"} {
		if diff := cmp.Diff([]string{path + " required"}, brief(s.Validate(warning(t, edits{path: []any{}}), now))); diff != "" {
			t.Error(diff)
		}
	}
}

// verdict is an item with changes and the faults it must have.
type verdict struct {
	name  string
	edits edits
	want  []string
}

func judge(t *testing.T, cases []verdict) {
	t.Helper()
	s := structure(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			want := append([]string{}, c.want...)
			if diff := cmp.Diff(want, brief(s.Validate(warning(t, c.edits), now))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

const otherItem = "0d8f0f6e-9c1b-4f6e-8a53-2f6d6c1f0a11"

func TestConditionalFieldsAreAskedForWhenTheirConditionHolds(t *testing.T) {
	change := edits{"fields.kind": "CHG", "fields.change_before": "Before.", "fields.change_after": "After."}
	without := func(id string) edits {
		out := edits{"fields.kind": "CHG", "fields.change_before": "Before.", "fields.change_after": "After."}
		out["fields."+id] = drop{}
		return out
	}
	judge(t, []verdict{
		{"update without first message", edits{"fields.kind": "UPD"}, []string{"fields.parent required"}},
		{"false alarm without first message", edits{"fields.kind": "FAL"}, []string{"fields.parent required"}},
		{"update of a message", edits{"fields.kind": "UPD", "fields.parent": otherItem}, nil},
		{"first message named without need", edits{"fields.parent": otherItem}, nil},
		{"crossing point without code", edits{"fields.place_kind": "BCP"}, []string{"fields.bcp required"}},
		{"crossing point with code", edits{"fields.place_kind": "BCP", "fields.bcp": "BCP-PL-medyka"}, nil},
		{"complete change", change, nil},
		{"change without route", without("routes"), []string{"fields.routes required"}},
		{"change without method", without("modus"), []string{"fields.modus required"}},
		{"change without what was before", without("change_before"), []string{"fields.change_before required"}},
		{"change without what is now", without("change_after"), []string{"fields.change_after required"}},
		{"route left out elsewhere", edits{"fields.routes": drop{}, "fields.modus": drop{}}, nil},
		{"vessel without notice", edits{"fields.kind": "VES"}, []string{"fields.vessel required"}},
		{"vessel with notice", edits{"fields.kind": "VES", "fields.vessel": []any{otherItem}}, nil},
		{"handling H3 without note", edits{"header.handling": []any{"H1", "H3"}}, []string{"header.handling_note required"}},
		{"handling H3 with note", edits{"header.handling": []any{"H3"}, "header.handling_note": "Not by telephone."}, nil},
		{"handling H1", edits{"header.handling": []any{"H1"}}, nil},
		{"named members not named", edits{"header.audience": "NAMED"}, []string{"header.audience_members required"}},
		{"group not named", edits{"header.audience": "GROUP"}, []string{"header.audience_members required"}},
		{"named members", edits{"header.audience": "NAMED", "header.audience_members": []any{"DE", "P:EUROPOL"}}, nil},
	})
}

func TestUnknownCodesAreRefused(t *testing.T) {
	judge(t, []verdict{
		{"kind", edits{"fields.kind": "NEW"}, []string{"fields.kind code"}},
		{"lower case", edits{"fields.border_type": "land"}, []string{"fields.border_type code"}},
		{"space after", edits{"fields.border_type": "LAND "}, []string{"fields.border_type code"}},
		{"homoglyph", edits{"fields.border_type": "L\u0410ND"}, []string{"fields.border_type code"}},
		{"label for code", edits{"fields.urgency": "urgent"}, []string{"fields.urgency code"}},
		{"inline code", edits{"fields.status": "rumoured"}, []string{"fields.status code"}},
		{"inline code of another field", edits{"fields.status": "planned"}, []string{"fields.status code"}},
		{"second of several", edits{"fields.transport": []any{"TRUCK", "HORSE"}}, []string{"fields.transport[1] code"}},
		{"inside a line", edits{"fields.response.0.measure": "PRAY"}, []string{"fields.response[0].measure code"}},
		{"inside the second line", edits{"fields.route_points.1.role": "exit"}, []string{"fields.route_points[1].role code"}},
		{"country", edits{"fields.place.country": "EL"}, []string{"fields.place.country code"}},
		{"country of ISO without the Union's", edits{"fields.place.country": "QQ"}, []string{"fields.place.country code"}},
		{"Kosovo and unknown", edits{"fields.members_concerned": []any{"XK", "ZZ"}}, nil},
		{"nationality for country", edits{"fields.place.country": "XXA"}, []string{"fields.place.country code"}},
		{"nationality", edits{"fields.nationalities.0.nationality": "XXZ"}, []string{"fields.nationalities[0].nationality code"}},
		{"level", edits{"fields.place.level": "street"}, []string{"fields.place.level code"}},
		{"language", edits{"header.language": "eng"}, []string{"header.language code"}},
		{"currency", edits{"fields.price.min.currency": "ECU"}, []string{"fields.price.min.currency code"}},
		{"precision", edits{"fields.persons.precision": "about"}, []string{"fields.persons.precision code"}},
		{"classified marking", edits{"header.marking": "RESTREINT UE"}, []string{"header.marking code"}},
		{"source", edits{"header.source_eval": "Z"}, []string{"header.source_eval code"}},
	})
}

func TestOtherNeedsWords(t *testing.T) {
	long := strings.Repeat("é", 121)
	judge(t, []verdict{
		{"without words", edits{"fields.routes": []any{"ELB", "OTH"}}, []string{"fields.routes_other other"}},
		{"with words", edits{"fields.routes": []any{"OTH"}, "fields.routes_other": "Sahara crossing"}, nil},
		{"with blanks", edits{"fields.routes": []any{"OTH"}, "fields.routes_other": "  "}, []string{"fields.routes_other other"}},
		{"with 120 characters", edits{"fields.routes": []any{"OTH"}, "fields.routes_other": strings.Repeat("é", 120)}, nil},
		{"with 121 characters", edits{"fields.routes": []any{"OTH"}, "fields.routes_other": long}, []string{"fields.routes_other other"}},
		{"on two lines", edits{"fields.routes": []any{"OTH"}, "fields.routes_other": "a\nb"}, []string{"fields.routes_other other"}},
		{"words without the code", edits{"fields.routes_other": "Sahara crossing"}, []string{"fields.routes_other unknown"}},
		{"inline code", edits{"fields.action_asked": []any{"OTH"}}, []string{"fields.action_asked_other other"}},
		{"inline code with words", edits{"fields.action_asked": []any{"OTH"}, "fields.action_asked_other": "Ask the carriers."}, nil},
		{"inside a line", edits{"fields.route_points.0.transport": "OTH"}, []string{"fields.route_points[0].transport_other other"}},
		{"inside a line with words", edits{"fields.route_points.0.transport": "OTH", "fields.route_points.0.transport_other": "mule"}, nil},
		{"words for a field that takes none", edits{"fields.what_other": "x"}, []string{"fields.what_other unknown"}},
	})
}

func TestAnswersMustBeOfTheirKind(t *testing.T) {
	judge(t, []verdict{
		{"number for a title", edits{"header.title": 5}, []string{"header.title type"}},
		{"list for a title", edits{"header.title": []any{"x"}}, []string{"header.title type"}},
		{"nothing for a title", edits{"header.title": nil}, []string{"header.title type"}},
		{"one code for several", edits{"fields.transport": "TRUCK"}, []string{"fields.transport type"}},
		{"several codes for one", edits{"fields.kind": []any{"IND"}}, []string{"fields.kind type"}},
		{"text for yes or no", edits{"fields.vulnerable": "true"}, []string{"fields.vulnerable type"}},
		{"text for a place", edits{"fields.place": "Medyka"}, []string{"fields.place type"}},
		{"text for a group", edits{"fields.minors": "4"}, []string{"fields.minors type"}},
		{"text for a line", edits{"fields.response": []any{"CHECK"}}, []string{"fields.response[0] type"}},
		{"number for a count", edits{"fields.persons": 21}, []string{"fields.persons type"}},
		{"unknown field", edits{"fields.surname": "x"}, []string{"fields.surname unknown"}},
		{"unknown header field", edits{"header.surname": "x"}, []string{"header.surname unknown"}},
		{"unknown part", edits{"fields.place.street": "x"}, []string{"fields.place.street unknown"}},
		{"unknown part of a count", edits{"fields.persons.names": "x"}, []string{"fields.persons.names unknown"}},
		{"form field in the header", edits{"header.what": "x"}, []string{"header.what unknown"}},
		{"201 answers", edits{"fields.members_concerned": slices.Repeat([]any{"DE"}, 201)}, []string{"fields.members_concerned many"}},
		{"link that is no id", edits{"fields.parent": "FR-EWS-01-2026-000012"}, []string{"fields.parent ref"}},
		{"crossing point in capitals", edits{"fields.bcp": "BCP-PL-MEDYKA"}, []string{"fields.bcp bcp"}},
		{"crossing point without country", edits{"fields.bcp": "BCP-medyka"}, []string{"fields.bcp bcp"}},
	})
}

func TestTextsAreBoundedAndPrintable(t *testing.T) {
	judge(t, []verdict{
		{"title of 150", edits{"header.title": strings.Repeat("é", 150)}, nil},
		{"title of 151", edits{"header.title": strings.Repeat("é", 151)}, []string{"header.title long"}},
		{"service of 120", edits{"fields.contact": strings.Repeat("x", 120)}, nil},
		{"service of 121", edits{"fields.contact": strings.Repeat("x", 121)}, []string{"fields.contact long"}},
		{"account of 4001", edits{"fields.what": strings.Repeat("x", 4001)}, []string{"fields.what long"}},
		{"lines in a text", edits{"fields.what": "a\nb\tc\r\nd"}, nil},
		{"lines in a title", edits{"header.title": "a\nb"}, []string{"header.title characters"}},
		{"carriage return in a title", edits{"header.title": "a\rb"}, []string{"header.title characters"}},
		{"NUL", edits{"fields.what": "a\x00b"}, []string{"fields.what characters"}},
		{"escape", edits{"fields.what": "a\x1b[2Jb"}, []string{"fields.what characters"}},
		{"reversed writing", edits{"fields.what": "invoice\u202etxt.exe"}, []string{"fields.what characters"}},
		{"isolated writing", edits{"header.title": "a\u2066b"}, []string{"header.title characters"}},
		{"right-to-left mark", edits{"header.title": "a\u200fb"}, []string{"header.title characters"}},
		{"replaced letter", edits{"fields.what": "a\ufffdb"}, []string{"fields.what characters"}},
		{"Greek and Bulgarian", edits{"fields.what": "Άσκηση. Учение."}, nil},
	})
}

func TestCountsAreWholeAndNotNegative(t *testing.T) {
	judge(t, []verdict{
		{"zero", edits{"fields.facilitators.value": 0}, nil},
		{"negative", edits{"fields.facilitators.value": -1}, []string{"fields.facilitators.value negative"}},
		{"half", edits{"fields.facilitators.value": 1.5}, []string{"fields.facilitators.value whole"}},
		{"text", edits{"fields.facilitators.value": "1"}, []string{"fields.facilitators.value type"}},
		{"beyond measure", edits{"fields.facilitators.value": 1e15}, []string{"fields.facilitators.value type"}},
		{"negative amount", edits{"fields.price.min.amount": -0.5}, []string{"fields.price.min.amount negative"}},
		{"as many as all", edits{"fields.nationalities.0.count.value": 3, "fields.nationalities.1.count.value": 18}, nil},
		{"nationalities above all", edits{"fields.nationalities.1.count.value": 19}, []string{"fields.nationalities.count within"}},
		{"nationalities where all is not known", edits{"fields.persons": drop{}, "fields.nationalities.1.count.value": 1900}, nil},
		{"all minors", edits{"fields.minors.minors.value": 21, "fields.minors.unaccompanied.value": 21}, nil},
		{"minors above all", edits{"fields.minors.minors.value": 22}, []string{"fields.minors.minors within"}},
		{"unaccompanied above all", edits{"fields.minors.unaccompanied.value": 22}, []string{"fields.minors.unaccompanied within"}},
		{"lowest price above highest", edits{"fields.price.min.amount": 2500.51}, []string{"fields.price.min within"}},
		{"one price", edits{"fields.price.min.amount": 2500.5}, nil},
		{"stage number twice", edits{"fields.route_points.1.order": 1}, []string{"fields.route_points.order unique"}},
		{"stage number twice, written otherwise", edits{"fields.route_points.1.order": json.Number("1.0")}, []string{"fields.route_points.order unique"}},
	})
}

func TestPlacesAreNoFinerThanAKilometre(t *testing.T) {
	judge(t, []verdict{
		{"no point", edits{"fields.place.lat": drop{}, "fields.place.lon": drop{}}, nil},
		{"latitude alone", edits{"fields.place.lon": drop{}}, []string{"fields.place point"}},
		{"longitude alone", edits{"fields.place.lat": drop{}}, []string{"fields.place point"}},
		{"south and west", edits{"fields.place.lat": -33.92, "fields.place.lon": -18.42}, nil},
		{"poles and date line", edits{"fields.place.lat": -90, "fields.place.lon": 180}, nil},
		{"latitude with 3 decimals", edits{"fields.place.lat": 49.812}, []string{"fields.place.lat position"}},
		{"longitude with 3 decimals", edits{"fields.place.lon": 22.001}, []string{"fields.place.lon position"}},
		{"3 decimals at a stage", edits{"fields.route_points.0.place.lat": 49.84, "fields.route_points.0.place.lon": 24.031}, []string{"fields.route_points[0].place.lon position"}},
		{"beyond the pole", edits{"fields.place.lat": 90.01}, []string{"fields.place.lat position"}},
		{"beyond the date line", edits{"fields.place.lon": -180.5}, []string{"fields.place.lon position"}},
		{"exponent hides decimals", edits{"fields.place.lat": 1e-7}, []string{"fields.place.lat position"}},
		{"text", edits{"fields.place.lat": "49.8"}, []string{"fields.place.lat type"}},
	})
}

func TestTimesAreRealAndInOrder(t *testing.T) {
	judge(t, []verdict{
		{"one day", edits{"fields.event_time": map[string]any{"from": "2026-11-22", "to": "2026-11-22"}}, nil},
		{"open end", edits{"fields.event_time": map[string]any{"from": "2026-11-22"}}, nil},
		{"reversed", edits{"fields.event_time": map[string]any{"from": "2026-11-22", "to": "2026-11-21"}}, []string{"fields.event_time.to order"}},
		{"reversed over the year", edits{"fields.event_time": map[string]any{"from": "2026-01-01", "to": "2025-12-31"}}, []string{"fields.event_time.to order"}},
		{"no such day", edits{"fields.event_time.from": "2026-02-30", "fields.event_time.to": drop{}}, []string{"fields.event_time.from date"}},
		{"written otherwise", edits{"fields.response.0.date": "23.11.2026"}, []string{"fields.response[0].date date"}},
		{"time for a date", edits{"fields.response.0.date": "2026-11-23T10:00:00Z"}, []string{"fields.response[0].date date"}},
		{"year 1899", edits{"fields.response.0.date": "1899-12-31"}, []string{"fields.response[0].date date"}},
		{"year 2201", edits{"fields.response.0.date": "2201-01-01"}, []string{"fields.response[0].date date"}},
		{"number for a date", edits{"fields.response.0.date": 20261123}, []string{"fields.response[0].date date"}},
		{"time without offset", edits{"fields.known_at": "2026-11-23T09:00:00"}, []string{"fields.known_at datetime"}},
		{"time with offset", edits{"fields.known_at": "2026-11-23T13:00:00+01:00"}, nil},
		{"known now, clocks apart", edits{"fields.known_at": "2026-11-23T12:05:00Z"}, nil},
		{"known in the future", edits{"fields.known_at": "2026-11-23T12:05:01Z"}, []string{"fields.known_at future"}},
		{"future hidden by an offset", edits{"fields.known_at": "2026-11-23T11:00:00-02:00"}, []string{"fields.known_at future"}},
	})
}

func TestRetentionIsWithinTheFormsMaximum(t *testing.T) {
	judge(t, []verdict{
		{"day of publication", edits{"header.retention_until": "2026-11-23"}, nil},
		{"day before", edits{"header.retention_until": "2026-11-22"}, []string{"header.retention_until retention"}},
		{"60 months", edits{"header.retention_until": "2031-11-23"}, nil},
		{"a day more", edits{"header.retention_until": "2031-11-24"}, []string{"header.retention_until retention"}},
		{"for ever", edits{"header.retention_until": "9999-12-31"}, []string{"header.retention_until date", "header.retention_until retention"}},
		{"not a day", edits{"header.retention_until": "soon"}, []string{"header.retention_until date"}},
	})
}

// A receiver that was away must not refuse what the owner was allowed to publish.
func TestRetentionCountsFromPublicationWhoeverJudges(t *testing.T) {
	s := structure(t)
	for _, until := range []string{"2026-11-23", "2031-11-23"} {
		it := warning(t, edits{"header.retention_until": until})
		for _, at := range []time.Time{now, now.AddDate(0, 2, 0)} {
			if faults := s.Validate(it, at); len(faults) > 0 {
				t.Errorf("kept until %s, judged on %s: %v", until, at.Format(time.DateOnly), faults)
			}
		}
	}
	draft := warning(t, edits{"header.retention_until": "2026-11-23", "header.published_at": drop{}})
	if got := brief(s.Validate(draft, now.AddDate(0, 0, 1))); !slices.Contains(got, "header.retention_until retention") {
		t.Errorf("a draft kept until yesterday: %v", got)
	}
}

func TestDeclarationsMustBeMade(t *testing.T) {
	judge(t, []verdict{
		{"personal data", edits{"header.pd_declaration": false}, []string{"header.pd_declaration declare"}},
		{"lawfulness", edits{"header.lawful_declaration": false}, []string{"header.lawful_declaration declare"}},
		{"text", edits{"header.pd_declaration": "true"}, []string{"header.pd_declaration type", "header.pd_declaration declare"}},
	})
}

func TestAudienceIsWithinTheFormsMaximum(t *testing.T) {
	judge(t, []verdict{
		{"own node", edits{"header.audience": "OWN"}, nil},
		{"full members", edits{"header.audience": "ALLF"}, nil},
		{"with partners", edits{"header.audience": "ALLS"}, nil},
		{"public", edits{"header.audience": "PUB"}, []string{"header.audience audience"}},
		{"not an audience", edits{"header.audience": "WORLD"}, []string{"header.audience code", "header.audience audience"}},
	})
}

func TestMarkingAndTLPAgree(t *testing.T) {
	s := structure(t)
	allowed := map[string][]string{"PUBLIC": {"CLEAR"}, "NETWORK": {"GREEN", "AMBER"}, "LIMITE": {"AMBER"}, "SENSITIVE": {"AMBER+STRICT", "RED"}}
	for marking, labels := range allowed {
		for _, tlp := range []string{"CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"} {
			it := warning(t, edits{"header.marking": marking, "header.tlp": tlp, "header.audience": "NAMED", "header.audience_members": []any{"DE"}})
			want := []string{}
			if !slices.Contains(labels, tlp) {
				want = []string{"header.tlp tlp"}
			}
			if diff := cmp.Diff(want, brief(s.Validate(it, now))); diff != "" {
				t.Errorf("%s with %s: %s", marking, tlp, diff)
			}
		}
	}
}

func TestSensitiveItemsGoToNamedMembersOnly(t *testing.T) {
	s := structure(t)
	for audience, want := range map[string][]string{"NAMED": {}, "OWN": {}, "ALLF": {"header.audience sensitive"}, "ALLS": {"header.audience sensitive"}} {
		it := warning(t, edits{"header.marking": "SENSITIVE", "header.tlp": "RED", "header.audience": audience, "header.audience_members": []any{"DE"}})
		if diff := cmp.Diff(want, brief(s.Validate(it, now))); diff != "" {
			t.Errorf("%s: %s", audience, diff)
		}
	}
}

func TestAllFaultsAreReportedInTheOrderOfTheForm(t *testing.T) {
	it := warning(t, edits{"header.title": drop{}, "header.tlp": "RED", "fields.kind": "CHG", "fields.place.lat": 49.812,
		"fields.what": "a\x00", "fields.contact": drop{}, "fields.persons.value": -1})
	want := []string{"header.title required", "fields.place.lat position", "fields.what characters", "fields.change_before required",
		"fields.change_after required", "fields.persons.value negative", "fields.contact required", "header.tlp tlp",
		"fields.nationalities.count within", "fields.minors.minors within", "fields.minors.unaccompanied within"}
	if diff := cmp.Diff(want, brief(structure(t).Validate(it, now))); diff != "" {
		t.Error(diff)
	}
}

func TestValidateLeavesTheItemAlone(t *testing.T) {
	it, same := warning(t, edits{"fields.kind": "CHG"}), warning(t, edits{"fields.kind": "CHG"})
	structure(t).Validate(it, now)
	if diff := cmp.Diff(same, it); diff != "" {
		t.Error(diff)
	}
}

// The order in which lists and forms stand in the document must not change a verdict.
func TestVerdictDoesNotDependOnTheOrderOfTheStructure(t *testing.T) {
	a, b := structure(t), structure(t)
	slices.Reverse(b.Elements)
	slices.Reverse(b.Lists)
	slices.Reverse(b.Forms)
	mixed, err := federation.ParseStructure(encoded(t, b))
	if err != nil {
		t.Fatal(err)
	}
	for i, changes := range []edits{nil, {"fields.kind": "CHG"}, {"fields.place.country": "QQ"}, {"header.tlp": "RED"}} {
		it := warning(t, changes)
		if diff := cmp.Diff(a.Validate(it, now), mixed.Validate(it, now)); diff != "" {
			t.Errorf("item %d: %s", i, diff)
		}
	}
}

func ExampleFault_Message() {
	s, err := federation.ParseStructure([]byte(small))
	if err != nil {
		fmt.Println(err)
		return
	}
	f := federation.Fault{Path: "fields.rows[0].number", Rule: "required"}
	fmt.Println(f.Message(s, "EWS-01", "en"))
	fmt.Println(f.Message(s, "EWS-01", "fr"))
	// Output:
	// Rows 1 – Number: enter an answer
	// Lignes 1 – Nombre : indiquez une réponse
}

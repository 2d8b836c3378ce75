package federation_test

import (
	"encoding/json"
	"strings"
	"testing"

	"iconet.example/federation"
)

func encoded(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFaultsSpeakEnglishAndFrench(t *testing.T) {
	s := structure(t)
	for _, c := range []struct {
		fault  federation.Fault
		en, fr string
	}{
		{federation.Fault{Path: "header.title", Rule: "long", Args: []string{"150"}},
			"Title: use at most 150 characters", "Titre : utilisez au plus 150 caractères"},
		{federation.Fault{Path: "fields.routes_other", Rule: "other"},
			`Route: describe what "other" means, in at most 120 characters`, "Itinéraire : précisez ce que signifie « autre », en 120 caractères au plus"},
		{federation.Fault{Path: "fields.response[1].date", Rule: "date"},
			"Measures taken or planned 2 – Date: enter a date such as 2026-11-23", "Mesures prises ou envisagées 2 – Date : indiquez une date telle que 2026-11-23"},
		{federation.Fault{Path: "fields.price.min", Rule: "within", Args: []string{"price.max"}},
			"Price asked – Lowest: the number must not be above Price asked – Highest", "Prix demandé – Minimum : le nombre ne peut dépasser Prix demandé – Maximum"},
		{federation.Fault{Path: "fields.place.lat", Rule: "position", Args: []string{"90"}},
			"Place – Latitude: enter degrees up to 90 with at most two decimals", "Lieu – Latitude : indiquez des degrés jusqu'à 90 avec deux décimales au plus"},
		{federation.Fault{Path: "header.tlp", Rule: "tlp", Args: []string{"LIMITE", "AMBER"}},
			"TLP label: with marking LIMITE use AMBER", "Étiquette TLP : avec le marquage LIMITE, utilisez AMBER"},
		{federation.Fault{Path: "form", Rule: "form", Args: []string{"EWS-09", "3"}},
			"Form EWS-09, version 3, is not in force: choose one of the present structure", "Le formulaire EWS-09, version 3, n'est pas en vigueur : choisissez-en un dans la structure actuelle"},
	} {
		if got := c.fault.Message(s, "EWS-01", "en"); got != c.en {
			t.Errorf("%s %s: %q", c.fault.Path, c.fault.Rule, got)
		}
		if got := c.fault.Message(s, "EWS-01", "fr"); got != c.fr {
			t.Errorf("%s %s: %q", c.fault.Path, c.fault.Rule, got)
		}
		if got := c.fault.Message(s, "EWS-01", "pl"); got != c.en {
			t.Errorf("%s %s in Polish: %q", c.fault.Path, c.fault.Rule, got)
		}
	}
}

// Every rule that the tests of validation can break must have words in both languages and no placeholder left.
func TestEveryFaultHasWords(t *testing.T) {
	s := structure(t)
	it := warning(t, edits{
		"header.title": strings.Repeat("x", 151), "header.summary": "a\x00", "header.language": 1, "header.pd_declaration": false,
		"header.retention_until": "2099-01-01", "header.audience": "PUB", "header.marking": "SENSITIVE", "header.surname": "x",
		"fields.kind": "UPD", "fields.urgency": "SLOW", "fields.known_at": "2027-01-01T00:00:00Z", "fields.event_time.to": "2026-11-21",
		"fields.place": map[string]any{"name": "x", "country": "PL", "level": "bcp", "lat": 1}, "fields.bcp": "x", "fields.routes": []any{"OTH"},
		"fields.route_points.0.place.lat": 91.5, "fields.route_points.0.place.lon": 0, "fields.route_points.1.order": 1,
		"fields.facilitators.value": -1, "fields.persons.value": 1.5, "fields.response.0.date": "x", "fields.vessel": []any{"x"},
		"header.created_at": "x",
	})
	faults := s.Validate(it, now)
	faults = append(faults, federation.Fault{Path: "fields.routes", Rule: "many", Args: []string{"200"}})
	seen := map[string]bool{}
	for _, f := range faults {
		seen[f.Rule] = true
		en, fr := f.Message(s, "EWS-01", "en"), f.Message(s, "EWS-01", "fr")
		if en == "" || fr == "" || en == fr || strings.Contains(en+fr, "%") {
			t.Errorf("%s %s says %q and %q", f.Path, f.Rule, en, fr)
		}
	}
	for _, rule := range []string{"unknown", "required", "other", "type", "many", "long", "characters", "code", "whole", "negative", "date", "datetime",
		"bcp", "ref", "order", "point", "position", "declare", "retention", "audience", "tlp", "sensitive", "within", "unique", "future"} {
		if !seen[rule] {
			t.Errorf("rule %s was not broken", rule)
		}
	}
}

// What a person or a peer wrote must not come back at full length, nor stand for a placeholder.
func TestFaultsQuoteForeignCodesShortAndLiterally(t *testing.T) {
	s := structure(t)
	faults := s.Validate(warning(t, edits{"fields.kind": strings.Repeat("x", 5000)}), now)
	if len(faults) != 1 || len(faults[0].Message(s, "EWS-01", "en")) > 200 {
		t.Errorf("a code of 5000 letters makes %d faults", len(faults))
	}
	faults = s.Validate(warning(t, edits{"fields.kind": "%1%2"}), now)
	if len(faults) != 1 || !strings.Contains(faults[0].Message(s, "EWS-01", "en"), "; %1%2 is not one") {
		t.Errorf("got %v", faults)
	}
}

func TestReasonsAreFoundThroughWrapping(t *testing.T) {
	err := federation.Reject(federation.ReasonFork, "at %d", 7)
	if got := federation.ReasonOf(err); got != federation.ReasonFork {
		t.Errorf("reason %q", got)
	}
	if got := federation.ReasonOf(federation.ErrInvalid); got != "" {
		t.Errorf("an error without a reason has %q", got)
	}
	if got := (&federation.RejectError{Reason: federation.ReasonSig}).Error(); got != "refused: sig" {
		t.Errorf("without a cause it reads %q", got)
	}
	seen := map[federation.Reason]bool{}
	for _, r := range federation.Reasons() {
		if r == "" || seen[r] {
			t.Errorf("reason %q is empty or listed twice", r)
		}
		seen[r] = true
	}
}

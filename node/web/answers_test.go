package web

import (
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"iconet.example/federation"
	"iconet.example/federation/coordinator/source"
)

func ews(t testing.TB) (*federation.Structure, *federation.Form) {
	t.Helper()
	payload, err := source.Compile(source.Edition{Version: 1, Effective: time.Unix(1, 0), Expires: time.Unix(2, 0)})
	if err != nil {
		t.Fatal(err)
	}
	s, err := federation.ParseStructure(payload)
	if err != nil {
		t.Fatal(err)
	}
	form, ok := s.Form("EWS-01")
	if !ok {
		t.Fatal("no form EWS-01")
	}
	return s, form
}

func filling(t testing.TB, posted url.Values) *builder {
	t.Helper()
	messages, err := loadMessages()
	if err != nil {
		t.Fatal(err)
	}
	s, form := ews(t)
	return &builder{s: s, form: form, lang: "en", text: messages["en"], posted: posted, faults: map[string]string{}, names: map[string]bool{}, lists: map[string]bool{}}
}

func TestPostedAnswersBecomeValues(t *testing.T) {
	b := filling(t, url.Values{
		"header.title": {" Boats "}, "fields.kind": {"INC"}, "fields.known_at.d": {"3"}, "fields.known_at.m": {"11"}, "fields.known_at.y": {"2026"}, "fields.known_at.h": {"9"}, "fields.known_at.i": {"05"},
		"fields.place.country": {"france"}, "fields.place.lat": {"50,95"}, "fields.persons.value": {"12"}, "fields.persons.precision": {"exact"}, "fields.minors.minors.precision": {"exact"},
		"fields.response[0].measure": {"SURV"}, "fields.response[1].measure": {""}, "fields.routes": {"CHAN", "OTH"}, "fields.routes_other": {"by night"},
		"fields.members_concerned": {"Germany, IT"}, "fields.vulnerable": {"no"}, "header.pd_declaration": {"yes"}, "header.language": {"English"}, "fields.what": {"a\r\nb"},
	})
	header, fields := b.answers()
	wantHeader := federation.Values{"title": "Boats", "pd_declaration": true, "language": "en"}
	wantFields := federation.Values{"kind": "INC", "known_at": "2026-11-03T09:05:00Z", "place": map[string]any{"country": "FR", "lat": json.Number("50.95")},
		"persons": map[string]any{"value": json.Number("12"), "precision": "exact"}, "response": []any{map[string]any{"measure": "SURV"}},
		"routes": []any{"CHAN", "OTH"}, "routes_other": "by night", "members_concerned": []any{"DE", "IT"}, "vulnerable": false, "what": "a\nb"}
	if diff := cmp.Diff(wantHeader, header); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(wantFields, fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

// FuzzAnswers has a form built and read from whatever is posted.
func FuzzAnswers(f *testing.F) {
	f.Add("header.title=a&fields.response[3].measure=SURV&fields.known_at.d=1&step=add:fields.response")
	f.Add("fields.response[-1].measure=x&fields.response[99999999999999999999].measure=y&fields.route_points[49].place.lat=1e9")
	empty := filling(f, nil)
	f.Fuzz(func(t *testing.T, raw string) {
		posted, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		b := *empty
		b.posted, b.faults, b.names, b.lists = posted, map[string]string{}, map[string]bool{}, map[string]bool{}
		b.sections()
		header, fields := b.answers()
		item := &federation.Item{Ref: "FR-EWS-01-2026-000001", Form: "EWS-01", Version: 1, Owner: "FR", Header: header, Fields: fields}
		if normal, err := item.Normal(); err == nil {
			b.s.Validate(normal, time.Unix(1, 0))
		}
	})
}

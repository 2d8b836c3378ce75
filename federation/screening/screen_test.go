package screening_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"iconet.example/federation"
	"iconet.example/federation/coordinator/source"
	"iconet.example/federation/screening"
)

func structure(t testing.TB) *federation.Structure {
	t.Helper()
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	b, err := source.Compile(source.Edition{Version: 1, Effective: now, Expires: now.AddDate(1, 0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	s, err := federation.ParseStructure(b)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func warning(text string) *federation.Item {
	return &federation.Item{Form: "EWS-01", Version: 1, Header: federation.Values{}, Fields: federation.Values{"what": text}}
}

// Lines of the specimen documents in ICAO Doc 9303, parts 4 to 6.
const (
	td3Name = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<"
	td3     = "L898902C36UTO7408122F1204159ZE184226B<<<<<10"
	td2Name = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<"
	td2     = "D231458907UTO7408122F1204159<<<<<<<6"
	td1     = "I<UTOD231458907<<<<<<<<<<<<<<<"
	td1Next = "7408122F1204159UTO<<<<<<<<<<<6"
)

// Numbers from the publications of those who issue them, or with computed check digits; nobody's.
const (
	iban = "DE89370400440532013000"
	card = "4111111111111111"
	imei = "490154203237518"
)

func TestScreenFindsThePassage(t *testing.T) {
	s := structure(t)
	for _, c := range []struct{ id, before, passage, after string }{
		{"MARK", "Copied from a note marked ", "RESTREINT UE", "/EU RESTRICTD."},
		{"MARK", "", "EU SECRET", ""},
		{"MARK", "Annexe ", "TRÈS SECRET UE", "."},
		{"MARK", "Annexe ", "TRES SECRET UE", "."},
		{"MARK", "(", "R-UE", ")"},
		{"MARK", "Kopie, ", "VS-NfD", ", nur intern"},
		{"MARK", "Kopie, ", "VS-NUR FÜR DEN DIENSTGEBRAUCH", ""},
		{"MARK", "note ", "DIFFUSION RESTREINTE", ", copie 3"},
		{"MARK", "Nota: ", "DIFUSIÓN LIMITADA", "\nfin"},
		{"MARK", "Følgende er ", "BEGRÆNSET", "."},
		{"MARK", "Документ ", "ЗА СЛУЖЕБНО ПОЛЗВАНЕ", "."},
		{"MARK", "Έγγραφο ", "ΠΕΡΙΟΡΙΣΜΕΝΗΣ ΧΡΗΣΗΣ", ""},
		{"MARK", "as ", "NATO CONFIDENTIAL", " says"},
		{"MARK", "as ", "COSMIC TOP SECRET", " says"},
		{"PD-01", "Read at the gate: ", td3, "."},
		{"PD-01", "Lu au passage : ", td3Name, "\n"},
		{"PD-01", "Read: ", td2, ""},
		{"PD-01", "Read: ", td2Name, ""},
		{"PD-01", "Read: ", td1, " and more"},
		{"PD-01", "Read: ", td1Next, " and more"},
		{"PD-02", "The passport no. ", "X1234567", " was used twice."},
		{"PD-02", "passeport n° ", "12AB34567", " signalé"},
		{"PD-02", "Reisepass: ", "C01X00T47", ""},
		{"PD-02", "carte d'identité numéro ", "880692310", "."},
		{"PD-02", "VISA ", "123456789", " issued"},
		{"PD-05", "Calls went to ", "+33 1 23 45 67 89", ", evenings."},
		{"PD-05", "Calls went to ", "0048221234567", " only"},
		{"PD-05", "Appels au ", "+49 (30) 1234-567", " le soir"},
		{"PD-05", "été ", "+40.721.234.567", ""},
		{"PD-06", "Tickets from ", "agent.one+travel@mail.example.org", " only"},
		{"PD-06", "Écrire à ", "bureau@exemple.eu", "."},
		{"PD-06", "Adverts by ", "@cheap_routes", " since May"},
		{"PD-06", "", "@cheap_routes", ""},
		{"PD-06", "group ", "t.me/cheaproutes", " has 300 members"},
		{"PD-06", "group ", "https://www.facebook.com/cheap.routes", ""},
		{"PD-06", "", "wa.me/48221234567", ""},
		{"PD-07", "Paid to ", iban, "."},
		{"PD-07", "Payé à ", "GB82 WEST 1234 5698 7654 32", ", en trois fois"},
		{"PD-07", "card ", card, " used"},
		{"PD-07", "card ", "4111-1111-1111-1111", " used"},
		{"PD-07", "card ", "5500 0000 0000 0004", ", three times"},
		{"PD-07", "wallet ", "0x52908400098527886E0F7030069857D2E4169EE7", ""},
		{"PD-07", "wallet ", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", " again"},
		{"PD-14", "phone ", imei, " seen"},
		{"PD-14", "phone ", "49-015420-323751-8", " seen"},
		{"PD-14", "adapter ", "00:1A:2b:3c:4D:5e", ""},
		{"PD-14", "adapter ", "00-1A-2B-3C-4D-5E", "."},
		{"PD-14", "from ", "192.0.2.146", " at night"},
	} {
		t.Run(c.id+" "+c.passage, func(t *testing.T) {
			text := c.before + c.passage + c.after
			want := []screening.Finding{{ID: c.id, Path: "fields.what", Effect: screening.Block, Start: len(c.before), End: len(c.before) + len(c.passage)}}
			if diff := cmp.Diff(want, screening.Screen(s, warning(text))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestScreenLeavesReportsAlone(t *testing.T) {
	s := structure(t)
	for _, text := range []string{
		"",
		"Exercise. Three lorries with 21 persons, 4 of them minors, between 22 and 23 November 2026.",
		"Une place réservée, un secret de polichinelle, une diffusion restreinte aux services.",
		"The note is confidential and for internal use; it is not EU RESTRICTEDLY worded.",
		"Interno means internal; the VOLUNTEERS reserved seats.",
		"Prices rose from 1500 to 2500 EUR; turnover 1 250 000 000 EUR in 2025.",
		"Position 49.80, 22.93; road A16, km 112.5; form EWS-01, item FR-EWS-01-2026-000012.",
		"Passports of several States were seen; the passport 2026 series has a new cover.",
		"The passport number was removed. Visa applications rose by 12 %.",
		"Ship IMO 9074729, flag unknown, left at 23:45 on 2026-11-23.",
		"Blue line: <<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<",
		"At +5 degrees, +120 persons a day, up from 80.",
		"Meet @ 10, or see annex @4.",
		"Ratio 1.2.3 of the annex, version 2.10.",
		"Route 0x12, bc1 and DE89 are no accounts.",
		"Order 12345678901234567890123456789012345678901234567890 units.",
	} {
		if found := screening.Screen(s, warning(text)); len(found) > 0 {
			t.Errorf("%q: found %v", text, found)
		}
	}
}

// with gives a text with the digit at i one higher.
func with(text string, i int) string {
	return text[:i] + string('0'+(text[i]-'0'+1)%10) + text[i+1:]
}

// A rule that fires on any long number is switched off by those it should help, so each check digit must count.
func TestOneWrongDigitIsNoFinding(t *testing.T) {
	s := structure(t)
	none := func(id, text string) {
		t.Helper()
		for _, f := range screening.Screen(s, warning("Seen: "+text+" there.")) {
			if f.ID == id {
				t.Errorf("%s: %q was found", id, text)
			}
		}
	}
	for i := 2; i < len(iban); i++ {
		none("PD-07", with(iban, i))
	}
	for i := range card {
		none("PD-07", with(card, i))
	}
	for i := range imei {
		none("PD-14", with(imei, i))
	}
	none("PD-14", "000000000000000")
	none("PD-07", "378282246310006")
	for _, zone := range []struct {
		line   string
		fields [][2]int // with the check digit
	}{
		{td3, [][2]int{{0, 10}, {13, 20}, {21, 28}}},
		{td2, [][2]int{{0, 10}, {13, 20}, {21, 28}}},
		{td1, [][2]int{{5, 15}}},
		{td1Next, [][2]int{{0, 7}, {8, 15}}},
	} {
		for _, at := range zone.fields {
			for i := at[0]; i < at[1]; i++ {
				if zone.line[i] >= '0' && zone.line[i] <= '9' {
					none("PD-01", with(zone.line, i))
				}
			}
		}
		none("PD-01", zone.line[:len(zone.line)-1])
		none("PD-01", strings.ToLower(zone.line))
	}
}

// Every text that a person wrote is looked at, wherever it stands; codes, dates and numbers are not.
func TestScreenLooksAtEveryTextOfAnItem(t *testing.T) {
	const mail = "x@example.org"
	it := &federation.Item{Form: "EWS-01", Version: 1,
		Header: federation.Values{"title": "See " + mail, "originating_unit": mail, "national_ref": mail, "contributors": []any{"DE", mail},
			"translations": []any{map[string]any{"language": "fr", "title": mail, "summary": "rien"}},
			"audience":     mail, "created_at": mail, "language": mail},
		Fields: federation.Values{"what": mail, "contact": mail, "place": map[string]any{"name": mail, "country": mail},
			"routes": []any{"OTH"}, "routes_other": mail, "kind": mail, "persons": map[string]any{"value": json.Number("21"), "precision": mail},
			"response":     []any{map[string]any{"measure": "NONE", "note": "none"}, map[string]any{"measure": "OTH", "measure_other": mail, "note": mail}},
			"route_points": []any{map[string]any{"order": json.Number("1"), "place": map[string]any{"name": mail}, "role": mail}}}}
	want := []string{"header.contributors[1]", "header.national_ref", "header.originating_unit", "header.title", "header.translations[0].title",
		"fields.contact", "fields.place.name", "fields.response[1].measure_other", "fields.response[1].note",
		"fields.route_points[0].place.name", "fields.routes_other", "fields.what"}
	var got []string
	for _, f := range screening.Screen(structure(t), it) {
		got = append(got, f.Path)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestScreenOfAnUnknownFormLooksAtTheHeader(t *testing.T) {
	it := &federation.Item{Form: "EWS-99", Header: federation.Values{"title": "EU SECRET"}, Fields: federation.Values{"what": "EU SECRET"}}
	if got := screening.Screen(structure(t), it); len(got) != 1 || got[0].Path != "header.title" {
		t.Errorf("found %v", got)
	}
}

func TestSeveralPassagesAreAllFound(t *testing.T) {
	text := "Mail a@example.org or b@example.org, call +33123456789, pay " + iban + "."
	var got []string
	for _, f := range screening.Screen(structure(t), warning(text)) {
		got = append(got, f.ID+" "+text[f.Start:f.End])
	}
	want := []string{"PD-05 +33123456789", "PD-06 a@example.org", "PD-06 b@example.org", "PD-07 " + iban}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Findings go into logs, answers and refusals, so nothing in them may hold what was found.
func TestFindingsDoNotHoldThePassage(t *testing.T) {
	s := structure(t)
	for _, passage := range []string{"EU TOP SECRET", td3, "X1234567", "+33123456789", "agent@example.org", iban, card, imei, "192.0.2.146"} {
		found := screening.Screen(s, warning("Seen: passport "+passage+" there."))
		if len(found) == 0 {
			t.Errorf("%q was not found", passage)
		}
		for _, f := range found {
			b, err := json.Marshal(f)
			if err != nil {
				t.Fatal(err)
			}
			if all := fmt.Sprintf("%s %+v %s %s", b, f, f.Message("en"), f.Message("fr")); strings.Contains(all, passage) {
				t.Errorf("the finding holds the passage: %s", all)
			}
		}
	}
}

func TestFindingsSayWhatToDoInBothLanguages(t *testing.T) {
	for _, id := range []string{"MARK", "PD-01", "PD-02", "PD-05", "PD-06", "PD-07", "PD-14"} {
		f := screening.Finding{ID: id}
		en, fr := f.Message("en"), f.Message("fr")
		if en == "" || fr == "" || en == fr || f.Message("de") != en {
			t.Errorf("%s says %q and %q", id, en, fr)
		}
	}
}

func FuzzScreen(f *testing.F) {
	s := structure(f)
	for _, text := range []string{"", "EU SECRET", td3, td1, td2Name, "passport " + card, iban, imei, "+33 1 23 45 67 89", "a@b.eu @abc t.me/x", "00:1A:2b:3c:4D:5e", "\xff\u0130EU SECRET\x00"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		found := screening.Screen(s, warning(text))
		if diff := cmp.Diff(found, screening.Screen(s, warning(text))); diff != "" {
			t.Errorf("owner and receiver differ: %s", diff)
		}
		for _, x := range found {
			if x.Start < 0 || x.Start >= x.End || x.End > len(text) || x.Path != "fields.what" || x.Effect != screening.Block || x.Message("fr") == "" {
				t.Errorf("finding %+v of a text of %d bytes", x, len(text))
			}
		}
	})
}

// BenchmarkValidateAndScreen measures what a receiver does with the text of an item of 2 KB.
func BenchmarkValidateAndScreen(b *testing.B) {
	s, now := structure(b), time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	it := &federation.Item{Form: "EWS-01", Version: 1, Owner: "FR",
		Header: federation.Values{"title": "Exercise", "summary": "Exercise.", "language": "en", "originating_unit": "Border situation centre",
			"created_at": "2026-11-23T10:00:00Z", "published_at": "2026-11-23T10:00:00Z", "use_level": "TAC", "marking": "NETWORK", "tlp": "AMBER",
			"audience": "ALLF", "source_eval": "B", "info_eval": "3", "validation": "V1", "impact": "2", "retention_until": "2028-11-23",
			"pd_declaration": true, "lawful_declaration": true},
		Fields: federation.Values{"kind": "IND", "urgency": "URGENT", "known_at": "2026-11-23T09:00:00Z", "event_time": map[string]any{"from": "2026-11-22"},
			"status": "ongoing", "place": map[string]any{"name": "Medyka", "country": "PL", "level": "bcp"}, "border_type": "LAND",
			"response": []any{map[string]any{"measure": "CHECK"}}, "action_asked": []any{"check_own_data"}, "contact": "Duty officer",
			"what": strings.Repeat("Groups of six to eight persons were found behind a false wall. ", 17)}}
	it, err := it.Normal()
	if err != nil {
		b.Fatal(err)
	}
	raw, err := federation.EncodeItem(it)
	if err != nil || len(raw) < 1800 || len(raw) > 2300 {
		b.Fatalf("the item has %d bytes, %v", len(raw), err)
	}
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if faults, found := s.Validate(it, now), screening.Screen(s, it); len(faults)+len(found) > 0 {
			b.Fatal(faults, found)
		}
	}
}

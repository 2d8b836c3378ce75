package account_test

import (
	"bytes"
	"errors"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"iconet.example/federation"
	"iconet.example/federation/policy"
	"iconet.example/node/account"
)

const password = "correct horse battery staple"

// disk is a store of accounts in memory.
type disk struct {
	records map[string][]byte
	err     error // of the next write
}

func (d *disk) Officials() ([][]byte, error) { return slices.Collect(maps.Values(d.records)), nil }

func (d *disk) PutOfficial(id string, record []byte) error {
	if d.err != nil {
		return d.err
	}
	d.records[id] = record
	return nil
}

// desk is a service with its store and clock.
type desk struct {
	*account.Service
	disk *disk
	now  time.Time
}

func service(t *testing.T) *desk {
	t.Helper()
	d := &desk{disk: &disk{records: map[string][]byte{}}, now: time.UnixMilli(1e12)}
	d.restart(t)
	return d
}

func (d *desk) restart(t *testing.T) {
	t.Helper()
	s, err := account.New(account.Config{Store: d.disk, Now: func() time.Time { return d.now }})
	if err != nil {
		t.Fatal(err)
	}
	d.Service = s
}

func anna() account.Official {
	return account.Official{ID: "u-1", Login: "anna", Function: "Border analyst", Unit: "U1", Roles: []policy.Role{policy.Reader}, Elements: []federation.ElementCode{"EWS"}}
}

// withAnna costs one hash.
func withAnna(t *testing.T) *desk {
	t.Helper()
	d := service(t)
	if err := d.put(anna(), password); err != nil {
		t.Fatal(err)
	}
	return d
}

// put makes an account.
func (d *desk) put(o account.Official, password string) error {
	_, err := d.Add(o, password)
	return err
}

func (d *desk) signIn(t *testing.T) *account.Session {
	t.Helper()
	s, err := d.SignIn("anna", password)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (d *desk) wants(t *testing.T, login, password string, want error) {
	t.Helper()
	if s, err := d.SignIn(login, password); !errors.Is(err, want) || s != nil {
		t.Errorf("signing in as %s: got %v, want %v", login, err, want)
	}
}

func (d *desk) held(token string) bool {
	_, err := d.Resume(token)
	return err == nil
}

// hashes tells whether fn takes the memory of a password's hash.
func hashes(fn func()) bool {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc-before.TotalAlloc >= 64<<20
}

func TestSignedInOfficialHoldsASessionUntilSignOut(t *testing.T) {
	d := service(t)
	if !d.Empty() {
		t.Error("a new node has an account")
	}
	if err := d.put(anna(), password); err != nil {
		t.Fatal(err)
	}
	if d.Empty() {
		t.Error("the account is not known")
	}
	a, b := d.signIn(t), d.signIn(t)
	if a.Token == b.Token || len(a.Token) < 43 || !a.Began.Equal(d.now) {
		t.Errorf("tokens of %d characters, the same: %v; began %v", len(a.Token), a.Token == b.Token, a.Began)
	}
	got, err := d.Resume(a.Token)
	if err != nil || got.Official.ID != "u-1" || got.Official.Function != "Border analyst" {
		t.Fatalf("got %v", err)
	}
	want := policy.Subject{Official: "u-1", Member: "FR", Roles: []policy.Role{policy.Reader}, Elements: []federation.ElementCode{"EWS"}}
	if diff := cmp.Diff(want, got.Official.Subject("FR")); diff != "" {
		t.Errorf("subject (-want +got):\n%s", diff)
	}
	d.SignOut(a.Token)
	d.SignOut("unknown")
	if _, err := d.Resume(a.Token); !errors.Is(err, federation.ErrDenied) {
		t.Errorf("after signing out: got %v", err)
	}
	if !d.held(b.Token) {
		t.Error("signing out ended another session")
	}
	for _, token := range []string{"", "x", b.Token + "x", strings.ToUpper(b.Token)} {
		if d.held(token) {
			t.Error("a token that was never given holds a session")
		}
	}
}

func TestAccountsOutliveARestartAndSessionsDoNot(t *testing.T) {
	d := withAnna(t)
	s := d.signIn(t)
	for _, record := range d.disk.records {
		if bytes.Contains(record, []byte(password)) || bytes.Contains(record, []byte(s.Token)) {
			t.Error("the record holds a password or a token")
		}
	}
	d.restart(t)
	if d.held(s.Token) {
		t.Error("a session outlived the restart")
	}
	d.signIn(t)
}

func TestWrongPasswordAndUnknownLoginLookAlike(t *testing.T) {
	d := withAnna(t)
	var answers []string
	for _, login := range []string{"anna", "nobody"} {
		var err error
		if !hashes(func() { _, err = d.SignIn(login, "wrong horse battery staple") }) {
			t.Errorf("%s: no hash was computed, which the time tells", login)
		}
		if !errors.Is(err, federation.ErrDenied) {
			t.Fatalf("%s: got %v", login, err)
		}
		answers = append(answers, err.Error())
	}
	if answers[0] != answers[1] {
		t.Errorf("%q and %q", answers[0], answers[1])
	}
	if strings.Contains(answers[0], "anna") || strings.Contains(answers[0], "horse") {
		t.Error("the answer repeats login or password")
	}
}

func TestFiveFailuresMakeALoginWaitAndMoreDoubleIt(t *testing.T) {
	d := withAnna(t)
	if err := d.put(account.Official{Login: "bert"}, password); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		d.wants(t, "anna", "wrong", federation.ErrDenied)
	}
	if _, err := d.SignIn("bert", password); err != nil {
		t.Errorf("the failures of one login hold another: %v", err)
	}
	d.now = d.now.Add(30*time.Second - time.Millisecond)
	d.wants(t, "anna", password, federation.ErrDenied) // right, but too early; and trying does not lengthen the wait
	d.now = d.now.Add(time.Millisecond)
	for _, wait := range []time.Duration{1, 2, 4, 8, 15} {
		d.wants(t, "anna", "wrong", federation.ErrDenied)
		d.now = d.now.Add(wait * time.Minute)
	}
	d.now = d.now.Add(-time.Millisecond)
	d.wants(t, "anna", password, federation.ErrDenied) // the wait has grown to 15 minutes
	d.now = d.now.Add(time.Millisecond)
	d.signIn(t) // and no further
	d.wants(t, "anna", "wrong", federation.ErrDenied)
	d.signIn(t) // at once: the first success began the count anew
}

func TestSessionEndsWhenIdleAndAfterADay(t *testing.T) {
	d := withAnna(t)
	s := d.signIn(t)
	d.now = d.now.Add(15 * time.Minute)
	if !d.held(s.Token) {
		t.Error("it ends before 15 minutes without a request")
	}
	d.now = d.now.Add(15*time.Minute + 1)
	if d.held(s.Token) {
		t.Error("it holds after 15 minutes without a request")
	}
	d.now = d.now.Add(-10 * time.Minute)
	if d.held(s.Token) {
		t.Error("an ended session came back")
	}

	s = d.signIn(t)
	end := d.now.Add(8 * time.Hour)
	for d.now.Add(10 * time.Minute).Before(end) {
		d.now = d.now.Add(10 * time.Minute)
		if !d.held(s.Token) {
			t.Fatalf("it ends %v before its time though in use", end.Sub(d.now))
		}
	}
	d.now = end
	if !d.held(s.Token) {
		t.Error("it ends before 8 hours")
	}
	d.now = end.Add(1)
	if d.held(s.Token) {
		t.Error("it holds after 8 hours")
	}
}

func TestThirdSessionEndsTheOldest(t *testing.T) {
	d := withAnna(t)
	if err := d.put(account.Official{Login: "bert"}, password); err != nil {
		t.Fatal(err)
	}
	bert, err := d.SignIn("bert", password)
	if err != nil {
		t.Fatal(err)
	}
	var tokens []string
	for range 3 {
		tokens = append(tokens, d.signIn(t).Token)
		d.now = d.now.Add(time.Second)
		if len(tokens) == 2 && !d.held(tokens[0]) { // in use or not, the oldest goes
			t.Error("two sessions at once do not hold")
		}
	}
	var got []bool
	for _, token := range tokens {
		got = append(got, d.held(token))
	}
	if want := []bool{false, true, true}; !cmp.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if !d.held(bert.Token) {
		t.Error("an older session of another official ended")
	}
}

func TestOverlongInputIsRefusedUnhashed(t *testing.T) {
	d := withAnna(t)
	long := strings.Repeat("é", 129)
	if hashes(func() { d.wants(t, "anna", long, federation.ErrInvalid) }) {
		t.Error("password: it was hashed")
	}
	if hashes(func() { d.wants(t, strings.Repeat("a", 65), password, federation.ErrDenied) }) {
		t.Error("login: it was hashed")
	}
	if err := d.put(account.Official{Login: "bert"}, strings.Repeat("é", 128)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.SignIn("bert", strings.Repeat("é", 128)); err != nil {
		t.Errorf("128 characters: got %v", err)
	}
}

func TestPutRefusesWhatIsNotAcceptable(t *testing.T) {
	tests := []struct {
		name     string
		alter    func(*account.Official)
		password string
	}{
		{"short password", func(*account.Official) {}, strings.Repeat("é", 14)},
		{"long password", func(*account.Official) {}, strings.Repeat("x", 129)},
		{"no login", func(o *account.Official) { o.Login = "" }, password},
		{"login with capitals", func(o *account.Official) { o.Login = "Anna" }, password},
		{"login with a space", func(o *account.Official) { o.Login = "an na" }, password},
		{"login with a second line", func(o *account.Official) { o.Login = "anna\n" }, password},
		{"homoglyph", func(o *account.Official) { o.Login = "\u0430nna" }, password},
		{"long login", func(o *account.Official) { o.Login = strings.Repeat("a", 65) }, password},
		{"unknown role", func(o *account.Official) { o.Roles = []policy.Role{"ROOT"} }, password},
	}
	for _, tt := range tests {
		d := service(t)
		o := anna()
		tt.alter(&o)
		if hashes(func() {
			if err := d.put(o, tt.password); !errors.Is(err, federation.ErrInvalid) || strings.Contains(err.Error(), tt.password) {
				t.Errorf("%s: got %v", tt.name, err)
			}
		}) {
			t.Errorf("%s: it was hashed", tt.name)
		}
		if !d.Empty() || len(d.disk.records) != 0 {
			t.Errorf("%s: it was kept", tt.name)
		}
	}
}

func TestTestNetworkTakesShortPasswords(t *testing.T) {
	s, err := account.New(account.Config{Store: &disk{records: map[string][]byte{}}, TestNetwork: true, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Add(anna(), "12345678"); err != nil {
		t.Error(err)
	}
	if _, err := s.Add(anna(), "1234567"); !errors.Is(err, federation.ErrInvalid) {
		t.Errorf("got %v", err)
	}
}

func TestTakenLoginIsAConflict(t *testing.T) {
	d := withAnna(t)
	again := anna()
	again.ID = ""
	if err := d.put(again, password+"2"); !errors.Is(err, federation.ErrConflict) {
		t.Errorf("got %v", err)
	}
	d.signIn(t)
	if len(d.disk.records) != 1 {
		t.Errorf("%d records are kept", len(d.disk.records))
	}
}

func TestDisabledAccountDoesNotSignIn(t *testing.T) {
	d := service(t)
	o := anna()
	o.Disabled = true
	if err := d.put(o, password); err != nil {
		t.Fatal(err)
	}
	d.wants(t, "anna", password, federation.ErrDenied)
	d.restart(t)
	d.wants(t, "anna", password, federation.ErrDenied)
}

func TestAccountThatIsNotKeptIsNotThere(t *testing.T) {
	d := service(t)
	d.disk.err = errors.New("disk")
	if err := d.put(anna(), password); !errors.Is(err, d.disk.err) {
		t.Errorf("got %v", err)
	}
	if !d.Empty() {
		t.Error("an account is there that a restart would lose")
	}
}

func TestDamagedAccountStopsTheStart(t *testing.T) {
	for name, record := range map[string]string{
		"not JSON":      "x",
		"unknown field": `{"id":"u-1","login":"anna","root":true}`,
		"field twice":   `{"id":"u-1","login":"anna","login":"bert"}`,
		"too large":     `{"id":"` + strings.Repeat("x", 16<<10) + `"}`,
	} {
		if _, err := account.New(account.Config{Store: &disk{records: map[string][]byte{"u-1": []byte(record)}}, Now: time.Now}); err == nil {
			t.Errorf("%s: it is read", name)
		}
	}
}

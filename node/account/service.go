package account

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"iconet.example/federation"
)

// ErrBusy says that too many passwords are being checked; a moment later it goes.
var ErrBusy = errors.New("too many sign-ins at once")

const (
	minPassword, maxPassword = 15, 128 // characters
	maxLogin                 = 64
	argonPasses              = 3
	argonMemoryKiB           = 64 << 10
	maxHashes                = 4
	freeFailures             = 5
	firstWait, longestWait   = 30 * time.Second, 15 * time.Minute
	idle, absolute           = 15 * time.Minute, 8 * time.Hour
	maxSessions              = 2
	maxFailureLogins         = 10000
)

// Store keeps accounts.
type Store interface {
	Officials() ([][]byte, error)
	PutOfficial(id string, record []byte) error
}

// Config is what a service needs.
type Config struct {
	Store       Store
	TestNetwork bool // takes short passwords
	Now         func() time.Time
}

// Session is a signed-in official. Token is known only to who signed in.
type Session struct {
	Token    string
	Official *Official
	Began    time.Time
}

// Service signs officials in. Safe for concurrent use.
type Service struct {
	c      Config
	hashes chan struct{} // one token for each password being hashed

	mu        sync.Mutex // guards what follows
	officials map[string]*Official
	sessions  map[[32]byte]*session
	failures  map[string]*failure // by login
}

type session struct {
	login       string
	began, seen time.Time
}

type failure struct {
	count int
	until time.Time
}

// New reads the accounts.
func New(c Config) (*Service, error) {
	s := &Service{c: c, hashes: make(chan struct{}, maxHashes), officials: map[string]*Official{}, sessions: map[[32]byte]*session{}, failures: map[string]*failure{}}
	records, err := c.Store.Officials()
	if err != nil {
		return nil, fmt.Errorf("reading the accounts: %w", err)
	}
	for _, b := range records {
		o, err := parseOfficial(b)
		if err != nil {
			return nil, err
		}
		s.officials[o.Login] = o
	}
	return s, nil
}

// Empty reports whether the node has no account yet.
func (s *Service) Empty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.officials) == 0
}

// Add makes an account with a password and gives its id. ErrInvalid for a login, role or password that is not acceptable,
// ErrConflict for a login that is taken.
func (s *Service) Add(o Official, password string) (string, error) {
	if err := o.validate(); err != nil {
		return "", err
	}
	least := minPassword
	if s.c.TestNetwork {
		least = 8
	}
	if n := utf8.RuneCountInString(password); n < least || n > maxPassword {
		return "", fmt.Errorf("a password has %d to %d characters: %w", least, maxPassword, federation.ErrInvalid)
	}
	if o.ID == "" {
		o.ID = "u-" + strings.ToLower(rand.Text()[:16])
	}
	o.Salt = make([]byte, 16)
	rand.Read(o.Salt)
	o.Hash = derive(password, o.Salt)
	b, err := o.encode()
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.officials[o.Login] != nil {
		return "", fmt.Errorf("login %q is taken: %w", o.Login, federation.ErrConflict)
	}
	if err := s.c.Store.PutOfficial(o.ID, b); err != nil {
		return "", fmt.Errorf("keeping an account: %w", err)
	}
	s.officials[o.Login] = &o
	return o.ID, nil
}

func derive(password string, salt []byte) []byte {
	return argon2.IDKey([]byte(password), salt, argonPasses, argonMemoryKiB, 1, 32)
}

// SignIn checks login and password and begins a session. ErrDenied says that they do not fit, whichever is wrong, or that
// the login has to wait; ErrInvalid that the password is too long to be one; [ErrBusy] that the node is checking too many.
func (s *Service) SignIn(login, password string) (*Session, error) {
	denied := fmt.Errorf("login and password do not fit, or there were too many tries: %w", federation.ErrDenied)
	if len(login) > maxLogin {
		return nil, denied
	}
	if utf8.RuneCountInString(password) > maxPassword {
		return nil, fmt.Errorf("a password has at most %d characters: %w", maxPassword, federation.ErrInvalid)
	}
	select {
	case s.hashes <- struct{}{}:
		defer func() { <-s.hashes }()
	default:
		return nil, ErrBusy
	}
	o, wait := s.candidate(login)
	salt, want := make([]byte, 16), make([]byte, 32)
	if o != nil {
		salt, want = o.Salt, o.Hash
	}
	match := subtle.ConstantTimeCompare(derive(password, salt), want) == 1
	if o == nil || o.Disabled || wait || !match {
		s.failed(login)
		return nil, denied
	}
	return s.begin(o)
}

// candidate gives the account of a login and whether it has to wait after failures.
func (s *Service) candidate(login string) (*Official, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.failures[login]
	return s.officials[login], f != nil && s.c.Now().Before(f.until)
}

func (s *Service) failed(login string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.failures[login]
	if f == nil {
		if len(s.failures) >= maxFailureLogins {
			clear(s.failures) // memory is bounded; the limit by address stands before this
		}
		f = &failure{}
		s.failures[login] = f
	}
	if s.c.Now().Before(f.until) {
		return
	}
	f.count++
	if over := f.count - freeFailures; over >= 0 {
		f.until = s.c.Now().Add(min(firstWait<<min(over, 5), longestWait))
	}
}

// begin gives a session unless the account changed while the password was being hashed.
func (s *Service) begin(o *Official) (*Session, error) {
	var secret [32]byte
	rand.Read(secret[:])
	token := base64.RawURLEncoding.EncodeToString(secret[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.officials[o.Login] != o {
		return nil, fmt.Errorf("the account changed: %w", federation.ErrDenied)
	}
	delete(s.failures, o.Login)
	now := s.c.Now()
	s.endOldest(o.Login)
	s.sessions[sha256.Sum256([]byte(token))] = &session{login: o.Login, began: now, seen: now}
	return &Session{Token: token, Official: o, Began: now}, nil
}

// endOldest makes room for one more session of a login. Expired sessions of all logins go as well.
func (s *Service) endOldest(login string) {
	var oldest [32]byte
	var at time.Time
	n := 0
	for k, v := range s.sessions {
		if s.expired(v) {
			delete(s.sessions, k)
			continue
		}
		if v.login != login {
			continue
		}
		if n++; at.IsZero() || v.began.Before(at) {
			oldest, at = k, v.began
		}
	}
	if n >= maxSessions {
		delete(s.sessions, oldest)
	}
}

func (s *Service) expired(v *session) bool {
	now := s.c.Now()
	return now.Sub(v.seen) > idle || now.Sub(v.began) > absolute
}

// Resume gives the session of a token and counts the request as activity; ErrDenied for none that holds.
func (s *Service) Resume(token string) (*Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := sha256.Sum256([]byte(token))
	v := s.sessions[key]
	if v == nil || s.expired(v) || s.officials[v.login] == nil || s.officials[v.login].Disabled {
		delete(s.sessions, key)
		return nil, fmt.Errorf("the session has ended: sign in again: %w", federation.ErrDenied)
	}
	v.seen = s.c.Now()
	return &Session{Token: token, Official: s.officials[v.login], Began: v.began}, nil
}

// SignOut ends a session; an unknown token is no error.
func (s *Service) SignOut(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, sha256.Sum256([]byte(token)))
}

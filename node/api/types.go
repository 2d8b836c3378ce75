package api

import (
	"encoding/json"
	"time"

	"iconet.example/federation"
	"iconet.example/federation/policy"
	"iconet.example/federation/screening"
	"iconet.example/node/account"
	"iconet.example/node/office"
)

// Status is how a node does.
type Status struct {
	Member           federation.MemberCode `json:"member"`
	Name             string                `json:"name"`
	Network          string                `json:"network"`
	TestNetwork      bool                  `json:"test_network"`
	Portal           string                `json:"portal"` // address for a browser
	StartedAt        time.Time             `json:"started_at"`
	Ready            bool                  `json:"ready"`
	NotReady         string                `json:"not_ready,omitempty"`
	Items            int                   `json:"items"`    // readable here
	LogSize          uint64                `json:"log_size"` // of the node's own log
	PeersReachable   int                   `json:"peers_reachable"`
	PeersTotal       int                   `json:"peers_total"`
	Queue            uint64                `json:"queue"`            // deliveries not yet acknowledged
	LeftWithOthers   uint64                `json:"left_with_others"` // of these, those that other members keep as well
	Behind           uint64                `json:"behind"`
	Coordinator      string                `json:"coordinator"` // freshness of its timestamp
	DirectoryVersion uint32                `json:"directory_version"`
	StructureVersion uint32                `json:"structure_version"`
	Rejected         map[string]uint64     `json:"rejected"` // by reason, those above zero; "connection_" and a cause at the gate
}

// Peer is a member as this node knows it, the node's own included.
type Peer struct {
	Member      federation.MemberCode `json:"member"`
	Name        string                `json:"name"`
	Status      string                `json:"status"` // in the directory
	State       string                `json:"state"`  // "reachable", "unreachable", "self", "frozen"
	LastContact time.Time             `json:"last_contact,omitzero"`
	LogSize     uint64                `json:"log_size"`
	LogKnown    uint64                `json:"log_known"`
	Queue       uint64                `json:"queue"`
	Fingerprint string                `json:"fingerprint"` // of its signing key
	LastError   string                `json:"last_error,omitempty"`
}

// Key is a key of this node, without its secret.
type Key struct {
	Use         string    `json:"use"`
	Kind        string    `json:"kind"`
	Fingerprint string    `json:"fingerprint"`
	ValidUntil  time.Time `json:"valid_until,omitzero"`
	Protection  string    `json:"protection"`
}

// Report is the result of checking a node's data anew.
type Report struct {
	Member     federation.MemberCode `json:"member"`
	Logs       []LogReport           `json:"logs"`
	AuditLines uint64                `json:"audit_lines"`
	Problems   []string              `json:"problems"` // empty if all is in order
}

// LogReport is what was checked of one owner's log.
type LogReport struct {
	Owner   federation.MemberCode `json:"owner"`
	Size    uint64                `json:"size"`    // entries of which the leaf hash is here
	Records int                   `json:"records"` // entries that are here with their sealed bytes
	Opened  int                   `json:"opened"`
	Sealed  int                   `json:"sealed"` // records whose key has not come
}

// Check is one line of the doctor's report.
type Check struct {
	Name   string `json:"name"`
	State  string `json:"state"` // "ok", "warn" or "fail"
	Detail string `json:"detail"`
	Try    string `json:"try,omitempty"`
}

// Credentials sign an official in.
type Credentials struct {
	Login    string `json:"login"`
	Password string `json:"password"`
}

// Session is a signed-in official.
type Session struct {
	Token    string `json:"token"` // secret
	Official User   `json:"official"`
}

// User is an official's account.
type User struct {
	Login    string                   `json:"login"`
	Function string                   `json:"function"`
	Unit     string                   `json:"unit"`
	Roles    []policy.Role            `json:"roles"`
	Elements []federation.ElementCode `json:"elements"`
}

// NewUser is an account to be made.
type NewUser struct {
	User
	Password string `json:"password"`
}

// Admission is the enrolments that a coordinator takes.
type Admission struct {
	Enrolments []json.RawMessage `json:"enrolments"`
}

// Submission is an item to be published.
type Submission struct {
	Form     federation.FormCode `json:"form"`
	Header   federation.Values   `json:"header,omitempty"`
	Fields   federation.Values   `json:"fields"`
	Audience string              `json:"to"`                   // "all" or "DE,IT"
	Import   string              `json:"import_key,omitempty"` // hex, 32 bytes; the same key never publishes twice
}

// Published is what became of a submission.
type Published struct {
	ID         federation.ItemID       `json:"id"`
	Ref        string                  `json:"ref,omitempty"`
	Index      uint64                  `json:"index"`
	Recipients []federation.MemberCode `json:"recipients"`
	Known      bool                    `json:"known,omitempty"` // published by an earlier submission
}

// Review is what a submission would do.
type Review struct {
	Recipients []federation.MemberCode `json:"recipients"`
	Errors     []Fault                 `json:"errors"`
	Findings   []screening.Finding     `json:"findings"`
}

// Export is an item with its key.
type Export struct {
	Document   *office.Document `json:"document"`
	Sealed     []byte           `json:"sealed"`     // an age file
	Passphrase string           `json:"passphrase"` // secret; opens it
}

func official(o *account.Official) User {
	return User{Login: o.Login, Function: o.Function, Unit: o.Unit, Roles: o.Roles, Elements: o.Elements}
}

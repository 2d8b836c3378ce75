package office

import (
	"fmt"
	"time"

	"iconet.example/federation"
	"iconet.example/federation/screening"
)

// Submission is what a person wants to publish.
type Submission struct {
	Form     federation.FormCode
	Header   federation.Values // the header fields a person fills; what the node sets is ignored
	Fields   federation.Values
	Audience string // "all", or member codes such as "DE,IT"; never empty
	// ImportKey makes a publication of imported data happen at most once: a second submission with the same key
	// returns the first one's item. Zero for what people write.
	ImportKey [32]byte
}

// Review is what a submission would do, without doing it.
type Review struct {
	Recipients []federation.MemberCode // who gets a key, sorted, without the owner
	Faults     []federation.Fault
	Findings   []screening.Finding
}

// Published tells what was made durable.
type Published struct {
	ID         federation.ItemID
	Ref        string // "FR-EWS-01-2026-000012"
	Index      uint64 // place in the owner's log
	Recipients []federation.MemberCode
	Known      bool // an earlier submission with the same import key had published it; nothing new happened
}

// NotPublishable is returned for a submission that the forms or the screening refuse. It wraps ErrInvalid.
type NotPublishable struct {
	Faults   []federation.Fault
	Findings []screening.Finding // those that block
}

func (e *NotPublishable) Error() string {
	return fmt.Sprintf("fields to mend: %d; passages that may not leave the node: %d", len(e.Faults), len(e.Findings))
}

// Unwrap gives the kind.
func (e *NotPublishable) Unwrap() error { return federation.ErrInvalid }

// Query selects items for a list, newest first. The zero value means the 50 newest the person may see.
type Query struct {
	Element federation.ElementCode // "" for all within competence
	Owner   federation.MemberCode  // "" for all
	Since   time.Time              // published at or after
	Text    string                 // words that must occur in title, place or reference
	After   string                 // cursor of the page before
	Limit   int                    // 1 to 500; 0 means 50
}

// Summary is a line of a list.
type Summary struct {
	ID          federation.ItemID      `json:"id"`
	Ref         string                 `json:"ref"`
	Owner       federation.MemberCode  `json:"owner"`
	Element     federation.ElementCode `json:"element"`
	Form        federation.FormCode    `json:"form"`
	Title       string                 `json:"title"`
	Lang        string                 `json:"lang"`
	Urgency     string                 `json:"urgency,omitempty"` // code of CL-URGENCY
	Kind        string                 `json:"kind,omitempty"`    // code of CL-MSGKIND
	Impact      string                 `json:"impact,omitempty"`  // code of CL-IMPACT
	Place       string                 `json:"place,omitempty"`
	Country     string                 `json:"country,omitempty"` // ISO 3166-1 alpha-2
	Routes      []string               `json:"routes,omitempty"`
	Marking     string                 `json:"marking"`
	Revision    uint32                 `json:"revision"`
	PublishedAt time.Time              `json:"published_at"`
	ReceivedAt  time.Time              `json:"received_at"` // at this node; equals PublishedAt for our own
}

// List is one page of summaries.
type List struct {
	Items []Summary `json:"items"`
	Next  string    `json:"next,omitempty"` // cursor; "" on the last page
}

// Document is one item with everything its page shows.
type Document struct {
	Summary    Summary                 `json:"summary"`
	Item       *federation.Item        `json:"item"`
	Audience   []federation.MemberCode `json:"audience"` // sorted; includes the owner
	Provenance Provenance              `json:"provenance"`
	Receipts   []Receipt               `json:"receipts"` // all of the audience at the owner; only our own elsewhere
}

// Provenance says where an item comes from and what proves it.
type Provenance struct {
	Owner            federation.MemberCode `json:"owner"`
	Incarnation      uint32                `json:"incarnation"`
	Index            uint64                `json:"index"`
	Leaf             string                `json:"leaf"`     // hex, RFC 6962 leaf hash
	CtHash           string                `json:"ct_hash"`  // hex, SHA-256 of the sealed bytes
	SignKey          string                `json:"sign_key"` // fingerprint of the owner's signing key
	LogSize          uint64                `json:"log_size"` // of the owner's signed checkpoint that covers it
	LogRoot          string                `json:"log_root"` // hex
	Verified         bool                  `json:"verified"` // signature and log inclusion checked for this answer
	StructureVersion uint32                `json:"structure_version"`
	DirectoryVersion uint32                `json:"directory_version"`
	DeleteAfter      time.Time             `json:"delete_after"`
}

// State is how far an item has come at one member.
type State string

// The states, in the order in which they are reached; a refused item stays refused.
const (
	Queued    State = "queued"    // committed here, not yet acknowledged by the member's node
	Delivered State = "delivered" // stored by the member's node
	Opened    State = "opened"    // decrypted and found in order by the member's node
	Refused   State = "refused"   // the member's node could not open it or its rules refused it
)

// Receipt is what is known of one item at one member. A zero time means "not yet".
type Receipt struct {
	Member      federation.MemberCode `json:"member"`
	State       State                 `json:"state"`
	QueuedAt    time.Time             `json:"queued_at,omitzero"`
	DeliveredAt time.Time             `json:"delivered_at,omitzero"`
	OpenedAt    time.Time             `json:"opened_at,omitzero"`
	RefusedAt   time.Time             `json:"refused_at,omitzero"`
}

// Export is an item with the key that opens it: stock age decrypts Sealed with Passphrase.
type Export struct {
	Document   *Document
	Sealed     []byte
	Passphrase string // secret
}

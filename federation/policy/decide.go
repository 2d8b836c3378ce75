package policy

import (
	"slices"

	"iconet.example/federation"
)

// Role is what an official is appointed to. A person may hold several; rights add up, except that a technical role
// excludes content.
type Role string

// The roles of section 11 of the domain specification.
const (
	Reader          Role = "RD"
	Editor          Role = "ED"
	Validator       Role = "VA"
	ContactPoint    Role = "NCP"
	Administrator   Role = "NADM" // technical; never content
	DataProtection  Role = "DPO"
	Security        Role = "SEC"
	Auditor         Role = "AUD"
	StructureOffice Role = "CADM" // the coordinator's register and structure; never content
	Moderator       Role = "CMOD"
	Committee       Role = "CTE"
	Chair           Role = "CCH"
	Partner         Role = "PAR"
	RightsMailbox   Role = "FRM"
)

// Roles lists all roles in the order of the constants.
func Roles() []Role {
	return []Role{Reader, Editor, Validator, ContactPoint, Administrator, DataProtection, Security, Auditor,
		StructureOffice, Moderator, Committee, Chair, Partner, RightsMailbox}
}

// Valid reports whether r is one of the roles.
func (r Role) Valid() bool { return slices.Contains(Roles(), r) }

// Action is an act that needs a decision. It is also the word in the audit line.
type Action string

// The acts. Those on items look at element, owner and marking; the others only at the node whose matter it is.
const (
	List      Action = "list"
	Read      Action = "read"
	Publish   Action = "publish"
	Receipts  Action = "receipts" // who has received and opened an item
	Export    Action = "export"   // an item with its key, out of the node
	AuditOwn  Action = "audit_own"
	AuditRead Action = "audit_read" // the whole trail of a node
	Users     Action = "users"      // appoint officials and end appointments
	Members   Action = "members"    // the register of members
	Structure Action = "structure"  // distribute a structure
)

// Actions lists all acts in the order of the constants.
func Actions() []Action {
	return []Action{List, Read, Publish, Receipts, Export, AuditOwn, AuditRead, Users, Members, Structure}
}

// Subject is who asks.
type Subject struct {
	Official string // pseudonymous id, for the audit line; "" is nobody
	Member   federation.MemberCode
	Roles    []Role
	Elements []federation.ElementCode // competence; none listed means none
}

// Object is what the act is about.
type Object struct {
	Owner   federation.MemberCode // of the item, or the node whose matter it is
	Element federation.ElementCode
	Marking federation.Marking
	Urgency string // code of CL-URGENCY, when publishing; an editor alone may publish only "FLASH"
	// Audience of the item; nil when the caller holds it because it was addressed to the caller's node.
	Audience []federation.MemberCode
}

// Decision is the answer, with its ground for the audit line. Reason holds no value of an item.
type Decision struct {
	Allowed bool
	Reason  string
}

// right is one cell of the table.
type right uint8

const (
	no    right = iota
	yes         // within competence, for items; within the own node, for the rest
	flash       // as yes, but only what cannot wait for validation
)

// table gives the rights of each role. What is not here is refused.
var table = map[Role]map[Action]right{
	Reader:          {List: yes, Read: yes, Receipts: yes, AuditOwn: yes},
	Editor:          {List: yes, Read: yes, Receipts: yes, Publish: flash, Export: yes, AuditOwn: yes},
	Validator:       {List: yes, Read: yes, Receipts: yes, Publish: yes, Export: yes, AuditOwn: yes},
	ContactPoint:    {List: yes, Read: yes, Receipts: yes, Publish: yes, Export: yes, AuditOwn: yes, AuditRead: yes, Users: yes},
	Administrator:   {Users: yes, AuditOwn: yes}, // carries out what the contact point decides
	DataProtection:  {AuditOwn: yes, AuditRead: yes},
	Security:        {AuditOwn: yes, AuditRead: yes},
	Auditor:         {AuditOwn: yes, AuditRead: yes},
	StructureOffice: {AuditOwn: yes, AuditRead: yes, Users: yes, Members: yes, Structure: yes},
	Moderator:       {List: yes, Read: yes, Receipts: yes, Publish: yes, Export: yes, AuditOwn: yes},
	Committee:       {AuditOwn: yes},
	Chair:           {AuditOwn: yes, Structure: yes},
	Partner:         {List: yes, Read: yes, Receipts: yes, Publish: yes, AuditOwn: yes},
	RightsMailbox:   {AuditOwn: yes},
}

// content are the acts that show or make content.
func (a Action) content() bool {
	return a == List || a == Read || a == Publish || a == Receipts || a == Export
}

// Decide judges one act. The zero Subject may do nothing.
func Decide(who Subject, act Action, on Object) Decision {
	role, granted := best(who, act)
	switch {
	case who.Official == "" || !who.Member.Valid():
		return refuse("no official")
	case act.content() && (slices.Contains(who.Roles, Administrator) || slices.Contains(who.Roles, StructureOffice)):
		return refuse("technical roles have no content")
	case granted == no:
		return refuse("no role for this act")
	case act.content():
		return decideItem(who, act, on, role, granted)
	case on.Owner != who.Member:
		return refuse("matter of another member")
	}
	return Decision{Allowed: true, Reason: "as " + string(role)}
}

func decideItem(who Subject, act Action, on Object, role Role, granted right) Decision {
	switch {
	case !slices.Contains(who.Elements, on.Element):
		return refuse("not competent for the element")
	case !on.Marking.Valid():
		return refuse("unknown marking")
	case on.Audience != nil && on.Owner != who.Member && !slices.Contains(on.Audience, who.Member):
		return refuse("not addressed to the member")
	case act == Publish && on.Owner != who.Member:
		return refuse("item of another member")
	case act == Export && on.Marking == federation.MarkingSensitive:
		return refuse("sensitive items are not exported")
	case granted == flash && on.Urgency != "FLASH":
		return refuse("an editor publishes only FLASH")
	}
	return Decision{Allowed: true, Reason: "as " + string(role)}
}

// best gives the widest right that the subject's roles have for an act, and the role it comes from. A role counts only at
// the kind of node it belongs to.
func best(who Subject, act Action) (Role, right) {
	var from Role
	granted := no
	for _, r := range who.Roles {
		g := table[r][act]
		if g == no || !belongs(r, who.Member) {
			continue
		}
		if granted == no || granted == flash && g == yes {
			from, granted = r, g
		}
	}
	return from, granted
}

func belongs(r Role, at federation.MemberCode) bool {
	switch r {
	case StructureOffice, Moderator, Chair, RightsMailbox:
		return at == federation.Commission
	case Partner:
		return at.Partner()
	default:
		return true
	}
}

func refuse(reason string) Decision { return Decision{Reason: reason} }

package policy_test

import (
	"strings"
	"testing"

	"iconet.example/federation"
	"iconet.example/federation/policy"
)

// TestRightsOfEachRole is section 11 of the domain specification, for an own item of an element within competence.
func TestRightsOfEachRole(t *testing.T) {
	want := map[policy.Role]string{
		"RD":   "list read receipts audit_own",
		"ED":   "list read receipts export audit_own",
		"VA":   "list read publish receipts export audit_own",
		"NCP":  "list read publish receipts export audit_own audit_read users",
		"NADM": "audit_own users",
		"DPO":  "audit_own audit_read",
		"SEC":  "audit_own audit_read",
		"AUD":  "audit_own audit_read",
		"CADM": "audit_own audit_read users members structure",
		"CMOD": "list read publish receipts export audit_own",
		"CTE":  "audit_own",
		"CCH":  "audit_own structure",
		"PAR":  "list read publish receipts audit_own",
		"FRM":  "audit_own",
	}
	home := map[policy.Role]federation.MemberCode{"CADM": "COM", "CMOD": "COM", "CCH": "COM", "FRM": "COM", "PAR": "P:EUROPOL"}
	for _, role := range policy.Roles() {
		at := home[role]
		if at == "" {
			at = "FR"
		}
		who := policy.Subject{Official: "o1", Member: at, Roles: []policy.Role{role}, Elements: []federation.ElementCode{"EWS"}}
		var may []string
		for _, act := range policy.Actions() {
			d := policy.Decide(who, act, policy.Object{Owner: at, Element: "EWS", Marking: federation.MarkingNetwork, Urgency: "URGENT"})
			if d.Allowed {
				may = append(may, string(act))
			}
			if d.Reason == "" {
				t.Errorf("%s %s: no reason", role, act)
			}
		}
		if got := strings.Join(may, " "); got != want[role] {
			t.Errorf("%s may %q, want %q", role, got, want[role])
		}
	}
}

func TestRightsEnd(t *testing.T) {
	fr := func(roles ...policy.Role) policy.Subject {
		return policy.Subject{Official: "o1", Member: "FR", Roles: roles, Elements: []federation.ElementCode{"EWS"}}
	}
	own := policy.Object{Owner: "FR", Element: "EWS", Marking: federation.MarkingNetwork}
	with := func(change func(*policy.Object)) policy.Object { o := own; change(&o); return o }
	for _, c := range []struct {
		name string
		who  policy.Subject
		act  policy.Action
		on   policy.Object
		want bool
	}{
		{"an editor publishes FLASH", fr("ED"), policy.Publish, with(func(o *policy.Object) { o.Urgency = "FLASH" }), true},
		{"an editor does not publish ROUTINE", fr("ED"), policy.Publish, with(func(o *policy.Object) { o.Urgency = "ROUTINE" }), false},
		{"an editor does not publish forms without urgency", fr("ED"), policy.Publish, own, false},
		{"an editor who validates publishes", fr("ED", "VA"), policy.Publish, own, true},
		{"nobody publishes for another member", fr("VA", "NCP"), policy.Publish, with(func(o *policy.Object) { o.Owner = "DE" }), false},
		{"another member's item is read", fr("RD"), policy.Read, with(func(o *policy.Object) { o.Owner = "DE" }), true},
		{"an item addressed to others is not", fr("RD"), policy.Read, with(func(o *policy.Object) { o.Owner, o.Audience = "DE", []federation.MemberCode{"DE", "IT"} }), false},
		{"an empty audience is nobody", fr("RD"), policy.Read, with(func(o *policy.Object) { o.Owner, o.Audience = "DE", []federation.MemberCode{} }), false},
		{"an item addressed to us is", fr("RD"), policy.Read, with(func(o *policy.Object) { o.Owner, o.Audience = "DE", []federation.MemberCode{"DE", "FR"} }), true},
		{"competence ends at the element", fr("NCP"), policy.Read, with(func(o *policy.Object) { o.Element = "RET" }), false},
		{"no competence listed is none", policy.Subject{Official: "o1", Member: "FR", Roles: []policy.Role{"NCP"}}, policy.Read, own, false},
		{"an administrator with a reader's role still has no content", fr("NADM", "RD", "NCP"), policy.Read, own, false},
		{"an unknown marking is not shown", fr("NCP"), policy.Read, with(func(o *policy.Object) { o.Marking = 9 }), false},
		{"sensitive items are not exported", fr("NCP"), policy.Export, with(func(o *policy.Object) { o.Marking = federation.MarkingSensitive }), false},
		{"the trail of another node is not read", fr("AUD"), policy.AuditRead, with(func(o *policy.Object) { o.Owner = "DE" }), false},
		{"a coordinator's role means nothing at a member", fr("CADM"), policy.Members, own, false},
		{"a moderator's role means nothing at a member", fr("CMOD"), policy.Read, own, false},
		{"a partner's role means nothing at a member", fr("PAR"), policy.Read, own, false},
		{"an unknown role", fr("ROOT"), policy.Read, own, false},
		{"an unknown act", fr("NCP"), "erase_all", own, false},
		{"nobody", policy.Subject{}, policy.List, policy.Object{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := policy.Decide(c.who, c.act, c.on); d.Allowed != c.want {
				t.Errorf("got %+v, want %v", d, c.want)
			}
		})
	}
}

package intake

import (
	"time"

	"iconet.example/federation"
	"iconet.example/federation/directory"
	"iconet.example/federation/feed"
)

// admit judges what can be judged without the key. It returns nil or a [federation.RejectError].
func admit(v *directory.View, self federation.MemberCode, rec feed.Record) error {
	e := rec.Entry
	if rec.Audience.Hash(e.Salt) != e.AudienceHash {
		return federation.Reject(federation.ReasonAudience, "the audience of item %s is not the one its entry signs", e.Item)
	}
	if !rec.Audience.Contains(self) {
		return federation.Reject(federation.ReasonNotAddressed, "item %s is not addressed to this member", e.Item)
	}
	if e.Kind == feed.Publish && (e.Revision != 1 || e.Item != feed.ItemID(e.Owner, e.Salt)) {
		return federation.Reject(federation.ReasonOwner, "entry %d publishes item %s, whose id is not its owner's", e.Index, e.Item)
	}
	if !e.Marking.Valid() {
		return federation.Reject(federation.ReasonMarking, "item %s carries marking %d", e.Item, e.Marking)
	}
	if e.Kind != feed.Publish && e.Kind != feed.Revise {
		return nil
	}
	if e.StructureVersion == v.Structure.Version && e.StructureHash != v.StructureHash {
		return federation.Reject(federation.ReasonStructure, "item %s was made under another structure %d", e.Item, e.StructureVersion)
	}
	element, ok := v.Structure.ElementNumber(e.Element)
	if !ok {
		return federation.Reject(federation.ReasonElement, "element %d is not in structure %d", e.Element, v.Structure.Version)
	}
	if most := longest(v.Structure, element.Code); e.DeleteAfterMS <= e.TimeMS || e.DeleteAfterMS > e.TimeMS+most {
		return federation.Reject(federation.ReasonRetention, "item %s is to be kept until %s", e.Item, time.UnixMilli(int64(min(e.DeleteAfterMS, 1<<52))).UTC().Format(time.DateOnly))
	}
	if e.CtLen > feed.MaxSealed || rec.Sealed != nil && uint64(len(rec.Sealed)) != e.CtLen {
		return federation.Reject(federation.ReasonCtLen, "item %s has %d sealed bytes", e.Item, e.CtLen)
	}
	return nil
}

// longest gives the longest retention of an element's forms in milliseconds. A month counts 31 days, so that a date
// reckoned by the calendar never exceeds it.
func longest(s *federation.Structure, element federation.ElementCode) uint64 {
	months := 0
	for i := range s.Forms {
		if f := &s.Forms[i]; f.Element == element {
			months = max(months, f.MaxRetentionMonths, f.RetentionMonths)
		}
	}
	return uint64(months) * 31 * 24 * uint64(time.Hour/time.Millisecond)
}

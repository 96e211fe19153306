package glance

import "needletail/proxy/glance/wire"

// rule is the question that a route asks before its handler runs. The zero
// value denies.
type rule uint8

const (
	ruleDeny rule = iota
	// ruleToken asks for a valid token; the handler decides on what it shows.
	ruleToken
	// ruleMember asks for who may write: a member of a project, or an admin.
	ruleMember
	// ruleAdmin asks for an admin.
	ruleAdmin
	// ruleSee asks for an image that the caller may see.
	ruleSee
	// ruleUse asks for such an image and for who may write: its data is not for
	// those who only read.
	ruleUse
	// ruleManage asks for who may write and an image of their project, or for an
	// admin.
	ruleManage
)

// allow answers the rule for a caller; m is nil on routes without an image.
// What the caller may not see is not there.
func (u rule) allow(c caller, m *image, action string) error {
	switch u {
	case ruleToken:
		return nil
	case ruleAdmin:
		if c.admin {
			return nil
		}
	case ruleMember:
		if c.writes {
			return nil
		}
	case ruleSee, ruleUse, ruleManage:
		if m == nil || !c.sees(m) {
			return errNoImage
		}
		if u == ruleSee || u == ruleUse && c.writes || c.manages(m) {
			return nil
		}
	}
	return wire.Errorf(403, "You are not authorized to complete %s action.", action)
}

package glance

// rule is the question that a route asks before its handler runs. The zero
// value denies.
type rule uint8

const (
	ruleDeny rule = iota
	// rulePublic asks for no token.
	rulePublic
	// ruleToken asks for a valid token; the handler decides on what it shows.
	ruleToken
	// ruleAdmin asks for an admin.
	ruleAdmin
	// ruleSee asks for an image that the caller may see.
	ruleSee
	// ruleManage asks for an image of the caller's project, or for an admin.
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
	case ruleSee, ruleManage:
		if m == nil || !c.sees(m) {
			return errNoImage
		}
		if u == ruleSee || c.manages(m) {
			return nil
		}
	}
	return failf(403, "You are not authorized to complete %s action.", action)
}

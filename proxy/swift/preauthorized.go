package swift

import "needletail/auth"

// Preauthorized is Subrequest for what a feature does on its own account, when
// the right of whoever asks has been decided by other means: an archived
// version is written by the container's owner's wish, not by the writer's
// right over the archive. It is allowed everything but what is the owner's to
// see and set (swift/common/wsgi.py: make_pre_authed_env). What derives from it
// inherits this; so nothing that a client names may be reached through it.
func (r *Request) Preauthorized(method, path, source string) *Request {
	sub := r.Subrequest(method, path, source)
	sub.Authorizer = allowAll{}
	sub.OnGrant = nil // whoever asks has been granted nothing by it
	return sub
}

type allowAll struct{}

func (allowAll) Authorize(*auth.Identity, auth.Access) auth.Grant {
	return auth.Grant{Allowed: true}
}

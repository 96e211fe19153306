// SPDX-License-Identifier: Apache-2.0

package objstore

// AccountName is an account's name, such as "AUTH_7c4cda7e". Any bytes but NUL.
type AccountName string

// Hidden reports whether a feature keeps the account for itself: the name
// begins with "." or with the byte 0xFF. No request of a client reaches a
// hidden account, with any role and by any way to name an account: path, header
// or signature.
func (a AccountName) Hidden() bool {
	return a != "" && (a[0] == '.' || a[0] == 0xFF)
}

// ContainerName is a container's name within its account. Any bytes but NUL and
// '/'; with Guarantees.SwiftLayout also the reserved names of features, which
// begin with NUL.
type ContainerName string

// ObjectName is an object's name within its container. Any bytes but NUL; with
// Guarantees.SwiftLayout also the reserved names of features, which begin with
// NUL.
type ObjectName string

// ContainerID names a container.
type ContainerID struct {
	Account   AccountName
	Container ContainerName
}

// Object names an object in the container.
func (c ContainerID) Object(name ObjectName) ObjectID {
	return ObjectID{Account: c.Account, Container: c.Container, Object: name}
}

// String is "/account/container".
func (c ContainerID) String() string {
	return "/" + string(c.Account) + "/" + string(c.Container)
}

// ObjectID names an object.
type ObjectID struct {
	Account   AccountName
	Container ContainerName
	Object    ObjectName
}

// ContainerID returns the container of the object.
func (o ObjectID) ContainerID() ContainerID {
	return ContainerID{Account: o.Account, Container: o.Container}
}

// String is "/account/container/object".
func (o ObjectID) String() string {
	return "/" + string(o.Account) + "/" + string(o.Container) + "/" + string(o.Object)
}

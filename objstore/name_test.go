package objstore

import "testing"

func TestNames(t *testing.T) {
	c := ContainerID{Account: "AUTH_a", Container: "c"}
	o := c.Object("a//../b")
	if o.ContainerID() != c || o.Object != "a//../b" {
		t.Errorf("%+v", o)
	}
	if c.String() != "/AUTH_a/c" || o.String() != "/AUTH_a/c/a//../b" {
		t.Errorf("%q and %q", c, o)
	}
}

// SPDX-License-Identifier: Apache-2.0

// Package metadefs is the part of the Image API that serves metadata
// definitions: which properties images, volumes and servers may have, and what
// the properties mean. Dashboards read the definitions to offer properties to
// people; the Image API itself does not enforce them.
//
// # Vocabulary
//
// A namespace is a set of definitions with a name and an owner. A namespace has
// parts of four kinds: associations (resource types that the namespace is for),
// properties, objects (groups of properties) and tags. A shape is what a field
// of a request must be; the JSON schemas that clients read are generated from
// the shapes.
//
// An example: the namespace below tells that an image may have a property
// hw_boot_menu.
//
//	{
//	  "namespace": "OS::Compute::Libvirt",
//	  "resource_type_associations": [{"name": "OS::Glance::Image", "prefix": "hw_"}],
//	  "properties": {"boot_menu": {"title": "Boot Menu", "type": "boolean"}}
//	}
//
// # Invariants
//
//   - A namespace with all of its parts is a single record (package recordbook),
//     so that a change of a part is atomic.
//   - A private namespace is absent (404) for everybody but its owner's project
//     and admins.
//   - The router in front of the package has asked a route's rule: handlers that
//     change something trust that the caller is an admin.
//
// The package follows glance/api/v2/metadef_*.py of OpenStack Glance 25.
package metadefs

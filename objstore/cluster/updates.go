// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"strconv"

	"needletail/objstore"
	"needletail/objstore/cluster/nodes"
	"needletail/objstore/cluster/verdict"
	"needletail/objstore/cluster/wire"
)

// rowTarget is where object servers send the row of an object: the container,
// or the shard of the container that has the name.
type rowTarget struct {
	container *target
	shard     bool   // the container is a shard of the object's container
	state     string // of the sharding of the object's container
}

// servers are the primaries of a target as other servers are told of them.
func (t *target) servers() []verdict.Server {
	var list []verdict.Server
	for _, d := range t.ring.Nodes(t.partition) {
		list = append(list, verdict.Server{Host: nodes.Node{Device: d}.Address(), Device: d.Device})
	}
	return list
}

// dealServers adds updates to the heads of a write: partition, hosts and devices
// under the names that begin with prefix.
func dealServers(heads []wire.Header, prefix string, t *target, updates int, reversed bool) {
	servers := t.servers()
	for i, numbers := range verdict.Deal(len(heads), updates, len(servers), reversed) {
		if len(numbers) == 0 {
			continue
		}
		hosts, devices := verdict.ServerLists(servers, numbers)
		heads[i].Set(prefix+"Partition", strconv.FormatUint(uint64(t.partition), 10))
		heads[i].Set(prefix+"Host", hosts)
		heads[i].Set(prefix+"Device", devices)
	}
}

// objectHeads are the heads of a write of an object: n times the base, with the
// rows that each object server sends (swift/proxy/controllers/obj.py:
// _backend_requests). A deleteAt of 0 means no row for the expirer's queue.
func (s *Store) objectHeads(base wire.Header, n, quorum int, o *target, row rowTarget, deleteAt int64) []wire.Header {
	if power := o.ring.NextPartPower(); power > 0 {
		base.Set("X-Backend-Next-Part-Power", strconv.Itoa(power))
	}
	heads := make([]wire.Header, n)
	for i := range heads {
		heads[i] = base.Clone()
		heads[i].Set("X-Backend-Clean-Expiring-Object-Queue", pythonBool(verdict.CleansQueue(i)))
	}
	updates := verdict.Updates(len(row.container.servers()), n, quorum)
	dealServers(heads, "X-Container-", row.container, updates, false)
	for i := range heads {
		if _, told := heads[i].Lookup("X-Container-Host"); !told {
			continue
		}
		heads[i].Set("X-Container-Root-Db-State", row.state)
		if row.shard {
			heads[i].Set("X-Backend-Quoted-Container-Path", wire.Quote(row.container.account+"/"+row.container.container))
		}
	}
	if deleteAt != 0 {
		name := verdict.DeleteAtContainer(s.dir.Config().Hash,
			objstore.ObjectID{Account: objstore.AccountName(o.account), Container: objstore.ContainerName(o.container),
				Object: objstore.ObjectName(o.object)}, deleteAt)
		queue := s.containerTarget(objstore.ContainerID{Account: queueAccount, Container: objstore.ContainerName(name)})
		dealServers(heads, "X-Delete-At-", queue, updates, true)
		for i := range heads {
			if _, told := heads[i].Lookup("X-Delete-At-Host"); told {
				heads[i].Set("X-Delete-At-Container", name)
			}
		}
	}
	return heads
}

func pythonBool(b bool) string {
	if b {
		return "t"
	}
	return "f"
}

// queueAccount has the expirer's queue.
const queueAccount = ".expiring_objects"

// deleteAtMax is the last second of ten digits (swift/common/utils:
// normalize_delete_at_timestamp).
const deleteAtMax = 9_999_999_999

// normalDeleteAt is a second in ten digits.
func normalDeleteAt(at int64) string { return fmt.Sprintf("%010d", min(max(at, 0), deleteAtMax)) }

// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

// testDevice makes a device in a region, zone and server.
func testDevice(id, region, zone, server int, weight float64) Device {
	return Device{ID: id, Region: region, Zone: zone, Weight: weight,
		IP: fmt.Sprintf("10.%d.%d.%d", region, zone, server), Port: 6200, Device: fmt.Sprintf("d%d", id)}
}

func newTestBuilder(t testing.TB, power int, replicas float64, devices ...Device) *Builder {
	t.Helper()
	b, err := NewBuilder(power, replicas, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range devices {
		if err := b.Add(d); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func rebalance(t testing.TB, b *Builder, seed uint64) *Report {
	t.Helper()
	rep, err := b.Rebalance(seed)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Validate(); err != nil {
		t.Fatal(err)
	}
	return rep
}

// zones makes n devices, spread over zones of one region.
func zones(n, zones int) []Device {
	var list []Device
	for i := range n {
		list = append(list, testDevice(i, 1, i%zones+1, i, 100))
	}
	return list
}

func TestFirstRebalanceIsExact(t *testing.T) {
	for _, replicas := range []float64{1, 2, 2.5, 3, 3.25} {
		b := newTestBuilder(t, 12, replicas, zones(16, 4)...)
		rep := rebalance(t, b, 1)
		if want := int(4096 * replicas); rep.Moved != want {
			t.Errorf("%v replicas: placed %d, want %d", replicas, rep.Moved, want)
		}
		if rep.Dispersion != 0 || rep.Balance > 100/(4096*replicas/16)+1e-9 {
			t.Errorf("%v replicas: balance %v, dispersion %v", replicas, rep.Balance, rep.Dispersion)
		}
	}
}

// TestAddMovesTheLeast is the promise: adding 1 of 10 devices moves at most
// 1.05 times what has to move, and balance stays within 1 %.
func TestAddMovesTheLeast(t *testing.T) {
	for _, nZones := range []int{1, 3, 5, 10} {
		for _, replicas := range []float64{1, 2.5, 3} {
			if float64(nZones) < replicas && nZones != 1 {
				continue
			}
			b := newTestBuilder(t, 12, replicas, zones(9, nZones)...)
			rebalance(t, b, 1)
			if err := b.Add(testDevice(9, 1, 9%nZones+1, 9, 100)); err != nil {
				t.Fatal(err)
			}
			rep := rebalance(t, b, 2)
			least := int(float64(4096) * replicas / 10)
			t.Logf("%d zones, %v replicas: moved %d, least %d (%.4f), balance %.3f %%, dispersion %.3f %%",
				nZones, replicas, rep.Moved, least, float64(rep.Moved)/float64(least), rep.Balance, rep.Dispersion)
			if float64(rep.Moved) > 1.05*float64(least+1) || rep.Balance > 1 {
				t.Errorf("%d zones, %v replicas: moved %d, least %d, balance %v", nZones, replicas, rep.Moved, least, rep.Balance)
			}
		}
	}
}

func TestRemoveMovesWhatItHad(t *testing.T) {
	b := newTestBuilder(t, 12, 3, zones(10, 5)...)
	rebalance(t, b, 1)
	had := b.Held()[4]
	if err := b.Remove(4); err != nil {
		t.Fatal(err)
	}
	rep := rebalance(t, b, 2)
	t.Logf("had %d, moved %d, balance %.3f, dispersion %.3f", had, rep.Moved, rep.Balance, rep.Dispersion)
	if rep.Removed != 1 || rep.Moved > had*105/100 || rep.Balance > 1 || b.devices[4] != nil {
		t.Errorf("had %d, report %+v", had, *rep)
	}
	if err := b.Remove(4); err == nil {
		t.Error("a removed device was removed again")
	}
	if b.NextID() != 4 {
		t.Errorf("the hole is at 4, the next id is %d", b.NextID())
	}
}

// TestRandomChanges changes random builders at random. After every change a few
// rebalances, each of which moves one replica of a partition at most, bring
// every device to its quota and keep every partition within its bounds.
func TestRandomChanges(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 40 {
		replicas := 1 + float64(rng.IntN(13))/4
		b := newTestBuilder(t, 8, replicas)
		for i := range 5 + rng.IntN(20) {
			if err := b.Add(testDevice(i, rng.IntN(3), rng.IntN(3), rng.IntN(4), 1+float64(rng.IntN(4)))); err != nil {
				t.Fatal(err)
			}
		}
		if rng.IntN(2) == 0 {
			_ = b.SetOverload(0.1 * float64(rng.IntN(20)))
		}
		for range 5 {
			if _, err := b.Rebalance(rng.Uint64()); errors.Is(err, ErrDevices) {
				break
			}
			for n := 0; rebalance(t, b, rng.Uint64()).Moved > 0; n++ {
				if n == 10 {
					t.Fatal("it does not come to rest")
				}
			}
			checkSettled(t, b)
			changeAtRandom(b, rng)
		}
	}
}

// checkSettled checks quotas and bounds.
func checkSettled(t *testing.T, b *Builder) {
	t.Helper()
	tree, err := b.plantTree(b.lengths())
	if err != nil {
		t.Fatal(err)
	}
	for _, leaf := range tree.leaves {
		if leaf.held < leaf.quota-1 || leaf.held > leaf.quota+1 {
			t.Fatalf("device %d has %d replicas, its quota is %d", leaf.id, leaf.held, leaf.quota)
		}
	}
	m := newMover(b, tree, nil, 0)
	for i, row := range b.rows {
		for p, id := range row {
			if n := m.excess(slot{i, p}, m.home[id]); n > 0 {
				t.Fatalf("replica %d of partition %d is %d over the bounds of its tiers", i, p, n)
			}
		}
	}
}

func changeAtRandom(b *Builder, rng *rand.Rand) {
	id := rng.IntN(len(b.devices))
	switch rng.IntN(4) {
	case 0:
		_ = b.Remove(id) // or it is a hole
	case 1:
		_ = b.SetWeight(id, float64(rng.IntN(5)))
	case 2:
		_ = b.Add(testDevice(b.NextID(), rng.IntN(3), rng.IntN(3), rng.IntN(4), 1+float64(rng.IntN(4))))
	case 3:
		_ = b.SetReplicas(max(1, b.replicas+float64(rng.IntN(5)-2)/4))
	}
}

func TestMinPartHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newTestBuilder(t, 8, 3, zones(6, 3)...)
		_ = b.SetMinPartHours(2)
		rebalance(t, b, 1)
		_ = b.Add(testDevice(6, 1, 1, 6, 100))
		if rep := rebalance(t, b, 1); rep.Moved != 0 || rep.Resting == 0 {
			t.Errorf("at once: %+v", *rep)
		}
		if r := b.Rest(); r <= time.Hour || r > 2*time.Hour {
			t.Errorf("rest %v", r)
		}
		time.Sleep(3 * time.Hour)
		rep := rebalance(t, b, 1)
		if rep.Moved != b.Held()[6] || rep.Moved == 0 || rep.Resting != 0 {
			t.Errorf("after the rest: %+v", *rep)
		}
		had := b.Held()[0]
		_ = b.Remove(0)
		if rep := rebalance(t, b, 1); rep.Moved < had || rep.Removed != 1 {
			t.Errorf("a removed device had %d: %+v", had, *rep)
		}
		if err := b.SetWeight(1, 0); err != nil {
			t.Fatal(err)
		}
		b.ForgetMoves()
		if rep := rebalance(t, b, 1); b.Held()[1] != 0 || rep.Moved == 0 {
			t.Errorf("after forgetting: %+v", *rep)
		}
	})
}

func TestOverload(t *testing.T) {
	// One device alone in its zone, against six in the other: by weight it gets
	// 1/7 of 2 replicas; to keep the replicas apart it would need all of one.
	devices := []Device{testDevice(0, 1, 1, 1, 1)}
	for i := range 6 {
		devices = append(devices, testDevice(i+1, 1, 2, i, 1))
	}
	share := func(overload float64) float64 {
		b := newTestBuilder(t, 10, 2, devices...)
		if err := b.SetOverload(overload); err != nil {
			t.Fatal(err)
		}
		rebalance(t, b, 1)
		return float64(b.Held()[0]) / 1024
	}
	for overload, want := range map[float64]float64{0: 2.0 / 7, 0.5: 3.0 / 7, 10: 1} {
		if got := share(overload); math.Abs(got-want) > 0.002 {
			t.Errorf("overload %v: share %v, want %v", overload, got, want)
		}
	}
}

func TestSameSeedSameRing(t *testing.T) {
	build := func(seed uint64) [][]uint32 {
		b := newTestBuilder(t, 8, 2.5, zones(7, 3)...)
		rebalance(t, b, seed)
		_ = b.Add(testDevice(7, 2, 1, 1, 50))
		rebalance(t, b, seed)
		return b.rows
	}
	a, b, c := fmt.Sprint(build(1)), fmt.Sprint(build(1)), fmt.Sprint(build(2))
	if a != b {
		t.Error("the same seed gave two rings")
	}
	if a == c {
		t.Error("two seeds gave the same ring")
	}
}

// SPDX-License-Identifier: Apache-2.0

// Package loginguard slows down the guessing of passwords. The built-in
// Keystone and TempAuth share one Guard. The Guard counts failed logins, and
// says of an attempt how long the attempt has to wait. The package knows no
// HTTP and verifies nothing.
//
// # Vocabulary
//
// An address is the IP address of a client, or the network of 64 bits of an
// IPv6 client. A pair is a user at an address. A pair is trusted after a login
// of the user from the address has succeeded.
//
// # The three counts
//
// A failed login counts for its pair, for its address and for its user. With
// the last allowed failure of a count a delay begins: firstDelay, and twice as
// much with each further failure, up to a bound. An attempt within a delay is
// refused without a look at the password, and is not counted. Outside of
// delays a count drains by the allowed failures in each Window.
//
//   - The pair is slowed down first, up to MaxDelay. The pair alone holds up a
//     program that has an old password, and nobody else.
//   - The address is slowed down up to MaxDelay: many users, a few guesses each.
//   - The user is slowed down up to userDelayMax only: one user, guesses from
//     many addresses. The bound is the choice between two evils. Without the
//     count, each address of an attacker would have guesses of its own. With a
//     long delay, an attacker could lock a user out.
//
// A trusted pair obeys its own count alone. An attacker at other addresses, or
// behind the same address translation, does not hold up a user at an address
// from which the user has logged in before. From a new address the right
// password has a chance each userDelayMax. A success ends the delay of its pair
// and no other delay: an attacker with a user of his own would otherwise buy
// guesses of further users.
//
// An address for which Options.Exempt is true is a proxy that did not name its
// client. All its clients share the address, hence only the user's count holds.
//
// # Invariants
//
//   - Each table has at most tableMax rows of a fixed size. The row that was not
//     used for the longest time gives way.
//   - A refused attempt does not lengthen any delay.
//   - An unknown user is treated as a known user is.
//   - Nothing is written to disk. A restart forgives.
package loginguard

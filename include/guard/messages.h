/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* MESSAGE_IDs of the journal entries; systemd/sshguardd.catalog explains each (journalctl -x). */

/* the daemon watches */
#define MESSAGE_STARTED "fd46338f28dd46a09f2cb28e249b30be"
/* the daemon stopped watching */
#define MESSAGE_STOPPED "13f7315eb64444c8886099f02cf24afb"
/* first start: what is there became the approved version */
#define MESSAGE_ADOPTED "6bb76271b1204785959b6f617642331d"
/* an account came, went, or has files that sshd did not read before */
#define MESSAGE_ACCOUNT "4f0d4e6f6c1b4f1a9a52f1f4a3c07e5d"
/* a policy is in force */
#define MESSAGE_POLICY_LOADED "858d34d9c9e44b47bca76d35c3774242"
/* a policy was refused; the one in force stays */
#define MESSAGE_POLICY_REFUSED "febd4c9171344ae7a91c7aad385dfa8e"
/* a rule does not hold */
#define MESSAGE_DRIFT "fe654fc257214201870dfa513c73cd6f"
/* a file differs from its approved version and breaks no rule */
#define MESSAGE_UNAPPROVED "c6f8b0a1e5d94d3b9a7c2f1e60d4b835"
/* what an earlier alert said no longer holds */
#define MESSAGE_RESOLVED "e7a59379ace74bfb8fddd3be46e08edd"
/* an approved version was put back */
#define MESSAGE_REVERTED "2a256e6df77644ea8d93e9ca5e0a29d8"
/* a file was edited so that a rule holds */
#define MESSAGE_REPAIRED "4002202d432a4b7494020136e20d6f39"
/* a response was wanted and could not be carried out */
#define MESSAGE_RESPONSE_FAILED "00623bf432e94b609af0dbb1c42368c0"
/* audit mode: what enforce would have done */
#define MESSAGE_WOULD_RESPOND "e1277936857b46e0b1c6a3408f2dfe7c"
/* a version was approved */
#define MESSAGE_APPROVED "6983a15d4c0e4b8886b53b1cd03344b1"
/* a quarantined version was put back */
#define MESSAGE_RESTORED "3ceaddfa5c844f619051a3d8efa43ae6"
/* sshd was told to read its configuration again */
#define MESSAGE_SSHD_RELOADED "8ddf7cc801ab4b0899fdd03d56a9ca6a"
/* sshd could not be told to read its configuration again */
#define MESSAGE_SSHD_RELOAD_FAILED "fc0288bc3752482cb9143cf3b77e8fc6"
/* a path is watched less well than it should be, or well again */
#define MESSAGE_COVERAGE "1745dd5a5c574a4a86c5901190f3f7ce"
/* events were lost and everything is looked at again */
#define MESSAGE_OVERFLOW "1098f52b84aa47d18a57db1ea890c8ba"
/* for some time nobody watched */
#define MESSAGE_GAP "95713aa714214b148528cf83abbb6c61"
/* the database was damaged and set aside */
#define MESSAGE_STORE_DAMAGED "92cb4c761706410d8f39106e7bc05253"
/* sshd itself disagrees with our reading of its configuration */
#define MESSAGE_CROSS_CHECK "31c817fcfd6c4231a2f5563318289129"
/* sshd read its configuration while it was not as approved, and it was put right since */
#define MESSAGE_SSHD_REREAD "266716e01a764892b62510c1c6bf1883"
/* the sshd that runs was started with another command line than is approved */
#define MESSAGE_SSHD_COMMAND_LINE "3523330322b24ebfafa6f6a974a3e90a"
/* sshd was restarted, so that it runs with its approved command line */
#define MESSAGE_SSHD_RESTARTED "9c058b52afb241cbbcc689e85a2ee7b6"
/* a file that someone keeps changing back */
#define MESSAGE_CONTESTED "69ec4c7884c34bd0905e58be0f70aa35"
/* a permit or a pause began or ended */
#define MESSAGE_PERMIT "7805f35b3ec44ba98bf80013b7047861"
/* an unapproved but compliant change became the approved version */
#define MESSAGE_ACCEPTED "3ff6a68c8aeb427fb06820bc0bedc335"
/* an administrator edited a file */
#define MESSAGE_INSTALLED "788487015ce64a09943badc5e62ad5db"
/* an administrator's edit is undone unless it is confirmed */
#define MESSAGE_UNCONFIRMED "b1fe0fc4436b46c2a859b9bcc3d480c1"
/* an edit was confirmed from a new login */
#define MESSAGE_CONFIRMED "d0affd7a83954446b1282bf17ac79c1b"
/* an edit that was not confirmed was taken back */
#define MESSAGE_UNDONE "312af092e572470ab9576211ed51af3e"
/* an edit that was not confirmed could not be taken back */
#define MESSAGE_UNDO_FAILED "a072b6d4e3264ef9a7edbafa9d1acbb2"
/* rules are new or changed in their profiles and only report until they are acknowledged */
#define MESSAGE_RULES_PENDING "fca7a720ed224b03a131ba7c4f16ffec"
/* an administrator acknowledged a rule of a profile */
#define MESSAGE_ACKNOWLEDGED "bf7bdeae4f094c239ac8bc4ce08c43df"

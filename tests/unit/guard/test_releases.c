/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Another sshd while the daemon runs. (Another libpam: test_pam_stacks.c.) */

#include "cmocka_env.h"

#include <elf.h>

#include "machine.h"
#include "world/releases.h"

static void put_program(const struct machine *machine, const void *bytes, size_t n) {
        CLEANUP_FREE char *name = text_format("%s/root/usr/sbin/sshd", machine->directory);
        CLEANUP_FREE char *new_name = text_format("%s.new", name);
        CLEANUP_FREE char *command = text_format("mkdir -p '%s/root/usr/sbin'", machine->directory);
        FILE *file;

        assert_int_equal(system(command), 0);
        file = fopen(new_name, "w");
        assert_non_null(file);
        assert_int_equal(fwrite(bytes, 1, n, file), n);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(chmod(new_name, 0755), 0);
        assert_int_equal(rename(new_name, name), 0); /* as dpkg does */
}

#if defined(__x86_64__)
/* A program that needs no library, for it runs in an empty tree: it writes VERSION to standard
 * error and ends. */
static void put_sshd(const struct machine *machine, const char *version) {
        enum { ADDRESS = 0x400000 };
        static const unsigned char code[] = {
                0xb8, 0x01, 0,    0,    0,       /* mov eax, 1 (write) */
                0xbf, 0x02, 0,    0,    0,       /* mov edi, 2 */
                0x48, 0x8d, 0x35, 0x10, 0, 0, 0, /* lea rsi, [rip + 16] */
                0xba, 0x00, 0,    0,    0,       /* mov edx, length */
                0x0f, 0x05,                      /* syscall */
                0xb8, 0x3c, 0,    0,    0,       /* mov eax, 60 (exit) */
                0x31, 0xff,                      /* xor edi, edi */
                0x0f, 0x05,                      /* syscall */
        };
        enum { LENGTH_AT = 18 };
        struct {
                Elf64_Ehdr header;
                Elf64_Phdr segment;
                unsigned char code[sizeof code];
                char text[64];
        } program = {
                .header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
                                         ELFDATA2LSB, EV_CURRENT },
                            .e_type = ET_EXEC,
                            .e_machine = EM_X86_64,
                            .e_version = EV_CURRENT,
                            .e_phoff = sizeof(Elf64_Ehdr),
                            .e_ehsize = sizeof(Elf64_Ehdr),
                            .e_phentsize = sizeof(Elf64_Phdr),
                            .e_phnum = 1 },
                .segment = { .p_type = PT_LOAD,
                             .p_flags = PF_R | PF_X,
                             .p_vaddr = ADDRESS,
                             .p_align = 0x1000 },
        };

        program.header.e_entry = ADDRESS + sizeof program.header + sizeof program.segment;
        program.segment.p_filesz = program.segment.p_memsz = sizeof program;
        memcpy(program.code, code, sizeof code);
        program.code[LENGTH_AT] = (unsigned char)strlen(version);
        memcpy(program.text, version, strlen(version));
        put_program(machine, &program, sizeof program);
}

static void test_another_sshd_reads_otherwise(void **state) {
        static const char config[] = "PasswordAuthentication no\nRefuseConnection no\n";
        struct machine *machine = *state;
        size_t n_refused = 0;

        if (geteuid() != 0) {
                start(machine);
                print_message("skipped: chroot (needs root)\n");
                skip();
        }
        write_at(machine, "/etc/ssh/sshd_config", config);
        put_sshd(machine, "OpenSSH_10.0p2 Debian-7, OpenSSL\n");
        machine->openssh = NULL;
        start(machine);
        assert_string_equal(machine->world.releases.openssh, "10.0");
        assert_null(sshd_config_refusal(machine->world.config));
        assert_int_equal(releases_look(&machine->world, RELEASES_SSHD | RELEASES_PAM), 0);

        put_sshd(machine, "OpenSSH_9.2p1 Debian-2, OpenSSL\n");
        reconcile(machine, "/etc/ssh/sshd_config");
        assert_string_equal(machine->world.releases.openssh, "9.2");
        assert_int_equal(machine->world.release.number, 902);
        assert_non_null(sshd_config_refusal(machine->world.config));
        for (size_t i = 0; i < machine->reconciler.ledger.n_items; i++)
                n_refused += strcmp(machine->reconciler.ledger.items[i].finding.rule_id,
                                    "sshd.refused") == 0;
        assert_int_equal(n_refused, 1);

        put_sshd(machine, "OpenSSH_10.0p2 Debian-7, OpenSSL\n");
        reconcile(machine, "/etc/ssh/sshd_config");
        assert_null(sshd_config_refusal(machine->world.config));
        assert_int_equal(machine->reconciler.ledger.n_items, 0);
}
#endif

/* An sshd that does not answer leaves what is known of it. */
static void test_an_sshd_that_does_not_answer(void **state) {
        struct machine *machine = *state;

        start(machine);
        assert_string_equal(machine->world.releases.openssh, "9.2");
        machine->world.releases.is_given = false;
        put_program(machine, "no program", sizeof "no program");
        for (unsigned i = 0; i < 10; i++)
                assert_int_equal(releases_look(&machine->world, RELEASES_SSHD | RELEASES_PAM), 0);
        assert_true(machine->world.releases.sshd.is_there);
        assert_string_equal(machine->world.releases.openssh, "9.2");
        assert_int_equal(machine->world.release.number, 902);
}

int main(void) {
        const struct CMUnitTest tests[] = {
#if defined(__x86_64__)
                cmocka_unit_test_setup_teardown(test_another_sshd_reads_otherwise, set_up,
                                                tear_down),
#endif
                cmocka_unit_test_setup_teardown(test_an_sshd_that_does_not_answer, set_up,
                                                tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <string.h>

#include "base/cleanup.h"
#include "keys/options.h"
#include "keys_data.h"

static int ports_of_the_test(void *userdata, const char *name) {
        (void)userdata;
        return strcmp(name, "ssh") == 0 ? 22 : -1;
}

/* One hour east of Greenwich; the year 2013 cannot be told. */
static bool time_of_the_test(void *userdata, const struct keys_civil_time *time, int64_t *ret) {
        (void)userdata;
        if (time->year == 2013)
                return false;
        *ret = (int64_t)(time->year - 1970) * 31536000 - 3600;
        return true;
}

static const struct keys_environment environment = { .local_time = time_of_the_test,
                                                     .service_port = ports_of_the_test };

/* What OPTIONS amount to, or "! REASON". */
static char *understand(const char *text, const struct keys_release *release,
                        const struct keys_environment *where) {
        CLEANUP(key_options_done) struct key_options options = { 0 };
        struct text formatted = { 0 };
        const char *reason = NULL;
        int r = key_options_parse(text, release, where, &options, &reason);

        if (r != 0)
                return text_format("! %s", reason);
        assert_int_equal(key_options_format(&options, &formatted), 0);
        return text_take(&formatted);
}

struct options_case {
        const char *text, *meaning;
};

static void check(const struct options_case *cases, size_t n, const struct keys_release *release,
                  const struct keys_environment *where) {
        for (size_t i = 0; i < n; i++) {
                CLEANUP_FREE char *meaning = understand(cases[i].text, release, where);

                assert_string_equal(meaning, cases[i].meaning);
        }
}

static void test_flags(void **state) {
        static const struct options_case cases[] = {
                { NULL, "" },
                { "", "" },
                { " no-pty", "" },
                { "no-pty", "no-pty" },
                { "NO-PTY,No-X11-Forwarding", "no-x11-forwarding,no-pty" },
                { "no-pty,pty", "" },
                { "restrict", "restrict" },
                { "restrict,pty", "restrict,pty" },
                { "pty,restrict", "restrict" },
                { "restrict,restrict", "restrict" },
                { "restrict,port-forwarding,agent-forwarding,x11-forwarding,pty,user-rc",
                  "restrict,port-forwarding,agent-forwarding,x11-forwarding,pty,user-rc" },
                { "no-user-rc,no-agent-forwarding,no-port-forwarding",
                  "no-port-forwarding,no-agent-forwarding,no-user-rc" },
                { "cert-authority", "cert-authority" },
                { "no-touch-required,verify-required", "no-touch-required,verify-required" },
                { "touch-required,no-verify-required", "" },
                { ",no-pty", "no-pty" },
                { ",,,no-pty,, x", "no-pty" },
                { ", x", "" },
                { ",", "! the options end in a comma" },
                { "no-pty,", "! the options end in a comma" },
                { "ptyx", "! an option is unknown" },
                { "nopty", "! an option is unknown" },
                { "no-restrict", "! an option is unknown" },
                { "no-cert-authority", "! an option is unknown" },
                { "no-no-pty", "! an option is unknown" },
                { "pty no-pty", "" },
                { "pty\tno-pty", "" },
                { "zos-key-ring-label=\"x\"", "! an option is unknown" },
        };

        (void)state;
        check(cases, N_ELEMENTS(cases), &openssh_9_2, NULL);
}

static void test_values(void **state) {
        static const struct options_case cases[] = {
                { "command=\"ls -l\"", "command=\"ls -l\"" },
                { "COMMAND=\"\"", "command=\"\"" },
                { "command=\"a \\\"b\\\" \\n\"", "command=\"a \\\"b\\\" \\n\"" },
                { "command=\"a,#b\",no-pty", "no-pty,command=\"a,#b\"" },
                { "command=ls", "! a value does not start with a quote" },
                { "command='ls'", "! a value does not start with a quote" },
                { "command=", "! a value does not start with a quote" },
                { "command", "! an option is unknown" },
                { "command =\"ls\"", "! an option is unknown" },
                { "command=\"ls", "! a quoted value does not end" },
                { "command=\"ls\\\\\"", "! a quoted value does not end" },
                { "command=\"a\",command=\"a\"", "! \"command\" is given twice" },
                { "from=\"a\",from=\"a\"", "! \"from\" is given twice" },
                { "principals=\"a\",principals=\"a\"", "! \"principals\" is given twice" },
                { "command=\"ls\"x", "! an option is unknown" },
                { "from=\"10.*,!h\",cert-authority,principals=\"a,b\"",
                  "cert-authority,principals=\"a,b\",from=\"10.*,!h\"" },
                { "environment=\"A_1=b=c\",environment=\"1=\"",
                  "environment=\"A_1=b=c\",environment=\"1=\"" },
                { "environment=\"A=1\",environment=\"AB=2\",environment=\"A=3\"",
                  "environment=\"A=1\",environment=\"AB=2\"" },
                { "environment=\"A\"", "! an environment variable has a bad name" },
                { "environment=\"=b\"", "! an environment variable has a bad name" },
                { "environment=\"A-B=c\"", "! an environment variable has a bad name" },
                { "environment=A", "! a value does not start with a quote" },
                { "tunnel=\"any\"", "tunnel=\"any\"" },
                { "tunnel=\"0\",tunnel=\"ANY\",tunnel=\"7\"", "tunnel=\"7\"" },
                { "tunnel=\" +7\"", "tunnel=\"7\"" },
                { "tunnel=\"2147483645\"", "tunnel=\"2147483645\"" },
                { "tunnel=\"2147483646\"", "! a tunnel is neither \"any\" nor a device number" },
                { "tunnel=\"-1\"", "! a tunnel is neither \"any\" nor a device number" },
                { "tunnel=\"99999999999999999999\"",
                  "! a tunnel is neither \"any\" nor a device number" },
                { "tunnel=\"\"", "! a tunnel is neither \"any\" nor a device number" },
                { "tunnel=\"7x\"", "! a tunnel is neither \"any\" nor a device number" },
                { "tunnel=7", "! a value does not start with a quote" },
        };
        static const struct options_case before_8_7[] = {
                { "environment=\"A=1\",environment=\"A=3\"",
                  "environment=\"A=1\",environment=\"A=3\"" },
        };

        (void)state;
        check(cases, N_ELEMENTS(cases), &openssh_9_2, NULL);
        check(before_8_7, N_ELEMENTS(before_8_7), &openssh_8_4, NULL);
}

static void test_permits(void **state) {
        static const struct options_case cases[] = {
                { "permitopen=\"host:22\"", "permitopen=\"host:22\"" },
                { "permitopen=\"host/22\"", "permitopen=\"host/22\"" },
                { "permitopen=\":22\"", "permitopen=\":22\"" },
                { "permitopen=\"*:*\",permitopen=\"[::1]:22\"",
                  "permitopen=\"*:*\",permitopen=\"[::1]:22\"" },
                { "permitopen=\"host:ssh\"", "permitopen=\"host:ssh\"" },
                { "permitopen=\"host:nonesuch\"", "! a permitted port is no port" },
                { "permitopen=\"host:0\"", "! a permitted port is no port" },
                { "permitopen=\"host:65536\"", "! a permitted port is no port" },
                { "permitopen=\"host:22:33\"", "! a permitted port is no port" },
                { "permitopen=\"22\"", "! a permitted port is no port" },
                { "permitopen=\"none\"", "! a permitted port is no port" },
                { "permitopen=\"::1:22\"", "! a permitted port is no port" },
                { "permitopen=\"[::1\"", "! a bracket in a permitted host is not closed" },
                { "permitopen=\"[::1]22\"", "! a permitted host is malformed" },
                { "permitopen=\"[::1]\"", "! a permitted port is no port" },
                { "permitopen=x", "! a value does not start with a quote" },
                { "permitlisten=\"8080\"", "permitlisten=\"*:8080\"" },
                { "permitlisten=\"*\"", "permitlisten=\"*:*\"" },
                { "permitlisten=\"localhost:8080\"", "permitlisten=\"localhost:8080\"" },
                { "permitlisten=\"localhost/8080\"", "! a permitted port is no port" },
        };
        static const struct options_case without_services[] = {
                { "permitopen=\"host:ssh\"", "! a permitted port is no port" },
        };

        (void)state;
        check(cases, N_ELEMENTS(cases), &openssh_9_2, &environment);
        check(without_services, N_ELEMENTS(without_services), &openssh_9_2, NULL);
}

static void test_expiry(void **state) {
        static const struct options_case cases[] = {
                { "expiry-time=\"20990131\"", "expiry-time=\"20990131000000Z\"" },
                { "expiry-time=\"209901311230\"", "expiry-time=\"20990131123000Z\"" },
                { "expiry-time=\"20990131123045z\"", "expiry-time=\"20990131123045Z\"" },
                { "expiry-time=\"20990131utc\"", "expiry-time=\"20990131000000Z\"" },
                { "expiry-time=\"20990230\"", "expiry-time=\"20990302000000Z\"" },
                { "expiry-time=\"20000229\"", "expiry-time=\"20000229000000Z\"" },
                { "expiry-time=\"20001231235961\"", "expiry-time=\"20010101000001Z\"" },
                { "expiry-time=\"2099 1 1\"", "expiry-time=\"20990101000000Z\"" },
                { "expiry-time=\"20990101\",expiry-time=\"20980101\",expiry-time=\"21000101\"",
                  "expiry-time=\"20980101000000Z\"" },
                { "expiry-time=\"20991301\"", "! an expiry-time is no time" },
                { "expiry-time=\"20990100\"", "! an expiry-time is no time" },
                { "expiry-time=\"2099010124\"", "! an expiry-time is no time" },
                { "expiry-time=\"209901012400\"", "! an expiry-time is no time" },
                { "expiry-time=\"2099+1+1\"", "! an expiry-time is no time" },
                { "expiry-time=\"2099014x\"", "! an expiry-time is no time" },
                { "expiry-time=\"\"", "! an expiry-time is no time" },
                { "expiry-time=\"Z\"", "! an expiry-time is no time" },
                { "expiry-time=\"19700101Z\"", "! an expiry-time is no time" },
                { "expiry-time=\"19691231Z\"", "! an expiry-time is no time" },
                { "expiry-time=x", "! a value does not start with a quote" },
        };
        /* no time zone yet, and nothing looks behind the last field */
        static const struct options_case of_8_4[] = {
                { "expiry-time=\"20990131Z\"", "! an expiry-time is no time" },
                { "expiry-time=\"2099014x\"", "expiry-time=\"20990104000000Z\"" },
                { "expiry-time=\"20991x01\"", "! an expiry-time is no time" },
        };
        /* the sign got lost: never expires */
        static const struct options_case of_10_5[] = {
                { "expiry-time=\"19600101Z\"", "expiry-time=\"18446744073393932416\"" },
                { "expiry-time=\"00000101Z\"", "expiry-time=\"18446744011542332416\"" },
                { "expiry-time=\"19700101Z\"", "! an expiry-time is no time" },
        };
        static const struct options_case local[] = {
                { "expiry-time=\"19710101\"", "expiry-time=\"19701231230000Z\"" },
                { "expiry-time=\"19710101Z\"", "expiry-time=\"19710101000000Z\"" },
                { "expiry-time=\"20130101\"", "! an expiry-time is no time" },
        };

        (void)state;
        check(cases, N_ELEMENTS(cases), &openssh_9_2, NULL);
        check(of_8_4, N_ELEMENTS(of_8_4), &openssh_8_4, NULL);
        check(of_10_5, N_ELEMENTS(of_10_5), &openssh_10_5, NULL);
        check(local, N_ELEMENTS(local), &openssh_9_2, &environment);
}

/* True if sshd takes N options: BEFORE, a number, BEHIND. */
static bool accepts(const char *before, const char *behind, unsigned n,
                    const struct keys_release *release) {
        CLEANUP(text_done) struct text text = { 0 };
        CLEANUP_FREE char *meaning = NULL;

        for (unsigned i = 0; i < n; i++)
                (void)text_appendf(&text, "%s%s%u%s", i > 0 ? "," : "", before, i, behind);
        meaning = understand(text_get(&text), release, NULL);
        return meaning[0] != '!';
}

static void test_limits(void **state) {
        static const char open[] = "permitopen=\"a", listen[] = "permitlisten=\"a";
        static const char variable[] = "environment=\"A";
        char host[1100];

        (void)state;
        assert_true(accepts(open, ":1\"", 4097, &openssh_9_2));
        assert_false(accepts(open, ":1\"", 4098, &openssh_9_2));
        assert_true(accepts(listen, ":1\"", 4097, &openssh_9_2));
        assert_false(accepts(listen, ":1\"", 4098, &openssh_9_2));
        assert_true(accepts(variable, "=b\"", 1025, &openssh_9_2));
        assert_false(accepts(variable, "=b\"", 1026, &openssh_9_2));
        assert_true(accepts(variable, "=b\"", 1026, &openssh_8_4));
        memset(host, 'h', sizeof host);
        memcpy(host + 1022, ":1\"", 4); /* "a0" and 1022 of these: 1024 bytes */
        assert_true(accepts(open, host, 1, &openssh_9_2));
        memset(host, 'h', sizeof host);
        memcpy(host + 1023, ":1\"", 4);
        assert_false(accepts(open, host, 1, &openssh_9_2));
}

static void test_hold(void **state) {
        static const struct {
                const char *options, *name;
                bool holds;
        } cases[] = {
                { "", "pty", true },
                { "", "no-pty", false },
                { "", "restrict", false },
                { "restrict", "restrict", true },
                { "restrict", "pty", false },
                { "restrict", "NO-PTY", true },
                { "restrict,pty", "no-pty", false },
                { "", "touch-required", true },
                { "no-touch-required", "no-touch-required", true },
                { "verify-required", "verify-required", true },
                { "", "no-verify-required", true },
                { "cert-authority", "cert-authority", true },
                { "", "from", false },
                { "from=\"10.0.0.0/8\"", "from", true },
                { "from=\"10.0.0.0/8\"", "from=10.*", true },
                { "from=\"10.0.0.0/8\"", "from=11.*", false },
                { "command=\"\"", "command", true },
                { "command=\"\"", "command=?*", false },
                { "principals=\"a\"", "principals=a", true },
                { "environment=\"A=1\",environment=\"LD_X=1\"", "environment=LD_*", true },
                { "environment=\"A=1\"", "environment=LD_*", false },
                { "permitopen=\"a:1\"", "permitopen=a:*", true },
                { "permitlisten=\"1\"", "permitlisten=*:1", true },
                { "tunnel=\"any\"", "tunnel", true },
                { "tunnel=\"3\"", "tunnel=3", true },
                { "expiry-time=\"20990101\"", "expiry-time=2099*", true },
                { "", "expiry-time", false },
                { "", "tunnel", false },
                { "", "nonesuch", false },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP(key_options_done) struct key_options options = { 0 };
                const char *reason;

                assert_int_equal(
                        key_options_parse(cases[i].options, &openssh_9_2, NULL, &options, &reason),
                        0);
                assert_int_equal(key_options_hold(&options, cases[i].name), cases[i].holds);
        }
}

static void test_names(void **state) {
        size_t n = 0;

        (void)state;
        while (key_option_name(n))
                assert_true(key_option_is_known(key_option_name(n++)));
        assert_int_equal(n, 17);
        assert_true(key_option_is_known("no-pty"));
        assert_true(key_option_is_known("From=10.*"));
        assert_false(key_option_is_known("no-from"));
        assert_false(key_option_is_known("no-restrict"));
        assert_false(key_option_is_known("pty=x"));
        assert_false(key_option_is_known("zos"));
        assert_false(key_option_is_known("no-"));
}

static void test_refuse(void **state) {
        static const struct {
                const char *options, *host, *address;
                int64_t now;
                bool passes;
        } cases[] = {
                { "", NULL, "10.0.0.1", 5, true },
                { "from=\"10.0.0.0/8\"", NULL, "10.0.0.1", 5, true },
                { "from=\"10.0.0.0/8\"", NULL, "11.0.0.1", 5, false },
                { "from=\"10.0.0.*\"", NULL, "10.0.0.1", 5, true },
                { "from=\"\"", NULL, "10.0.0.1", 5, false },
                { "from=\"!10.0.0.1\"", NULL, "10.0.0.2", 5, false },
                { "from=\"*,!10.0.0.1\"", NULL, "10.0.0.1", 5, false },
                { "from=\"*,!10.0.0.1\"", NULL, "10.0.0.2", 5, true },
                { "from=\"*,!Bad.Host\"", "BAD.host", "10.0.0.2", 5, false },
                { "from=\"good.HOST\"", "GOOD.host", "10.0.0.2", 5, true },
                { "from=\"good.host\"", NULL, "10.0.0.2", 5, false },
                { "from=\"*,10.0.0.1/8\"", NULL, "10.0.0.2", 5, false },
                { "from=\"10.0.0.2,10.0.0.0/33\"", NULL, "10.0.0.2", 5, false },
                { "from=\"x, 10.0.0.2\"", NULL, "10.0.0.2", 5, false },
                { "from=\"*\"", NULL, "UNKNOWN", 5, true },
                { "expiry-time=\"20000101Z\"", NULL, "10.0.0.1", 946684800, true },
                { "expiry-time=\"20000101Z\"", NULL, "10.0.0.1", 946684801, false },
                { "expiry-time=\"20000101Z\"", NULL, "10.0.0.1", 0, true },
                { "principals=\"root\"", NULL, "10.0.0.1", 5, false },
                { "principals=\"root\",cert-authority", NULL, "10.0.0.1", 5, true },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP(key_options_done) struct key_options options = { 0 };
                const struct key_connection connection = { "root", cases[i].host, cases[i].address,
                                                           cases[i].now };
                const char *reason;

                assert_int_equal(
                        key_options_parse(cases[i].options, &openssh_9_2, NULL, &options, &reason),
                        0);
                reason = key_options_refuse(&options, &openssh_9_2, &environment, &connection);
                assert_int_equal(reason == NULL, cases[i].passes);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_flags),   cmocka_unit_test(test_values),
                cmocka_unit_test(test_permits), cmocka_unit_test(test_expiry),
                cmocka_unit_test(test_limits),  cmocka_unit_test(test_hold),
                cmocka_unit_test(test_names),   cmocka_unit_test(test_refuse),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include "pam/names.h"

static void test_codes(void **state) {
        int code;

        (void)state;
        for (int i = 0; i < N_PAM_CODES; i++) {
                assert_true(pam_code_parse(pam_code_name(i), &code));
                assert_int_equal(code, i);
        }
        assert_string_equal(pam_code_name(PAM_CODE_MODULE_UNKNOWN), "module_unknown");
        assert_string_equal(pam_code_name(21), "authtok_recover_err");
        assert_null(pam_code_name(-1));
        assert_null(pam_code_name(N_PAM_CODES));
        assert_true(pam_code_parse("-7", &code) && code == -7);
        assert_true(pam_code_parse("99", &code) && code == 99);
        assert_false(pam_code_parse("authtok_recovery_err", &code));
        assert_false(pam_code_parse("Success", &code));
        assert_false(pam_code_parse("", &code));
        assert_false(pam_code_parse("7x", &code));
        assert_false(pam_code_parse("99999999999", &code));
}

static void test_types_and_facilities(void **state) {
        (void)state;
        assert_int_equal(pam_type_parse("PassWord"), PAM_TYPE_PASSWORD);
        assert_int_equal(pam_type_parse("sessions"), N_PAM_TYPES);
        for (enum pam_type type = 0; type < N_PAM_TYPES; type++) {
                assert_int_equal(pam_type_parse(pam_type_name(type)), type);
                assert_int_equal(pam_facility_type(pam_type_facility(type)), type);
        }
        for (enum pam_facility facility = 0; facility < N_PAM_FACILITIES; facility++)
                assert_int_equal(pam_facility_parse(pam_facility_name(facility)), facility);
        assert_int_equal(pam_facility_parse("session"), N_PAM_FACILITIES);
        assert_int_equal(pam_facility_parse("AUTH"), N_PAM_FACILITIES);
        assert_int_equal(pam_facility_type(PAM_SETCRED), PAM_TYPE_AUTH);
        assert_int_equal(pam_facility_type(PAM_CLOSE_SESSION), PAM_TYPE_SESSION);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_codes),
                cmocka_unit_test(test_types_and_facilities),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

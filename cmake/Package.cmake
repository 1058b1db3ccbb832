# The Debian package, made by scripts/package: what cmake --install installs, with the dependencies the
# programs really have and maintainer scripts that go through the distribution's helpers.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME sshguardd)
set(CPACK_PACKAGE_VENDOR sshguardd)
set(CPACK_PACKAGE_CONTACT "sshguardd maintainers <sshguardd@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "guard of the files that decide who can log in over ssh")
set(CPACK_PACKAGE_DESCRIPTION
        "sshguardd watches OpenSSH's server configuration, the PAM stacks it uses and every user's
authorized keys, works out what a change means, and keeps them equal to a policy: it alerts or
puts the approved version back, and keeps what it removed.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS openssh-server)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
        ${CMAKE_SOURCE_DIR}/scripts/deb/conffiles
        ${CMAKE_SOURCE_DIR}/scripts/deb/postinst
        ${CMAKE_SOURCE_DIR}/scripts/deb/prerm
        ${CMAKE_SOURCE_DIR}/scripts/deb/postrm)
include(CPack)

# file: daemon/pam/release.c
# breaks: trixie's relative includes are found in every directory
# releases: trixie
s/REVISION_INCLUDES_EVERYWHERE = 6/REVISION_INCLUDES_EVERYWHERE = 5/

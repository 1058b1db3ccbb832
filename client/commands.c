/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The commands: names, operands, options, help. Help teaches by example; completions and the manual
 * are tested against this table. */

#include "base/cleanup.h"
#include "client.h"

enum { DECISION = OPTION_REASON | OPTION_EXCEPTION | OPTION_FOR };

static const struct command table[] = {
        { "status", "", "is it fine, what is wrong, what was done (default)",
          "The first line is the verdict. Exit status 1: a rule does not hold now;\n"
          "what was put right does not count.\n"
          "\n"
          "  sshguardctl                       one screen\n"
          "  sshguardctl status -q && echo ok  in a script\n"
          "  sshguardctl status --json | jq .counts\n",
          0, 0, 0, command_status },
        { "findings", "", "rules that do not hold now, with file and line",
          "Each finding names the file and line that win. `sshguardctl explain RULE` shows\n"
          "the command that proves it. Exit status 1 if there are any.\n",
          0, 0, 0, command_findings },
        { "files", "", "guarded files, their state and how they are watched",
          "States: approved (as it was accepted), unapproved (changed, but breaks no rule),\n"
          "violating, unseen (not looked at yet). Coverage names the mechanisms that watch\n"
          "it.\n",
          0, 0, 0, command_files },
        { "keys", "[USER]", "which key opens which account, from where, and how",
          "Every entry of every file that sshd reads for an account, by its fingerprint,\n"
          "and since when it is approved. An authority opens nothing by itself, but what it\n"
          "signs does; what is ignored stands in a file that others could write.\n"
          "\n"
          "  sshguardctl keys root\n"
          "  sshguardctl keys --json | jq -r '.keys[] | select(.approved_at_us == null)'\n",
          0, 1, 0, command_keys },
        { "access", "[USER]", "who can log in, from where, with what",
          "A column for each set of factors that lets somebody in; where an account has\n"
          "several lines, it depends on from where one comes. With USER also why, and each\n"
          "key that was looked at. `?` cannot be told: USER says what is not known.\n"
          "\n"
          "  sshguardctl access\n"
          "  sshguardctl access alice --from 203.0.113.9\n",
          0, 1, OPTION_FROM, command_access },
        { "rules", "", "the policy in force", "Exit status 0 whether or not the rules hold.\n", 0,
          0, 0, command_rules },
        { "history", "", "incidents, newest first",
          "\n"
          "  sshguardctl history --since yesterday --severity high\n"
          "  sshguardctl history --path /etc/ssh/sshd_config -n 5\n"
          "  sshguardctl history --user alice --since -1week --until yesterday\n",
          0, 0,
          OPTION_SINCE | OPTION_UNTIL | OPTION_PATH | OPTION_RULE | OPTION_USER | OPTION_SEVERITY |
                  OPTION_LIMIT,
          command_history },
        { "show", "INCIDENT", "everything about one incident", "\n  sshguardctl show 12\n", 1, 1, 0,
          command_show },
        { "diff", "PATH|INCIDENT", "what differs from the approved version",
          "For a path: the approved version against what is there. For an incident: the\n"
          "version in force against the one that was replaced. Keys appear as fingerprints.\n"
          "\n"
          "  sshguardctl diff /etc/ssh/sshd_config\n"
          "  sshguardctl diff 12\n",
          1, 1, 0, command_diff },
        { "approve", "PATH|--all", "accept what is there as the approved version",
          "Shows the difference and asks. In a script give the digest that `diff` showed,\n"
          "so that what is approved is what was reviewed.\n"
          "\n"
          "  sshguardctl approve /etc/ssh/sshd_config --reason \"ticket 4711\"\n"
          "  sshguardctl approve --all             one by one, what breaks no rule\n"
          "  sshguardctl approve /etc/ssh/sshd_config --sha256 9f86d081884c7d65...\n"
          "  sshguardctl approve /etc/ssh/sshd_config.d/50-lab.conf \\\n"
          "      --exception sshd.password-authentication --for 2h --reason \"lab day\"\n",
          0, 1, OPTION_ALL | OPTION_SHA256 | OPTION_YES | DECISION, command_approve },
        { "acknowledge", "RULE|--all", "let a rule that a profile brought or changed respond",
          "After an upgrade, rules that are new or changed in a shipped profile only report\n"
          "until somebody has seen them. Shows the rule and asks.\n"
          "\n"
          "  sshguardctl rules                         which ones wait\n"
          "  sshguardctl acknowledge sshd.agent --reason \"nobody needs it\"\n"
          "  sshguardctl acknowledge --all             one by one\n",
          0, 1, OPTION_ALL | OPTION_YES | OPTION_REASON, command_acknowledge },
        { "edit", "PATH", "edit a guarded file as visudo does, and approve it",
          "Your editor ($SUDO_EDITOR, $VISUAL, $EDITOR) gets a copy. Then you see what sshd\n"
          "would do otherwise and which rules would not hold, and decide. What sshd refuses\n"
          "is never installed; what was there is kept.\n"
          "\n"
          "  sshguardctl edit /etc/ssh/sshd_config\n"
          "  sshguardctl edit /etc/ssh/sshd_config.d/50-new.conf --from new.conf --yes\n"
          "  sshguardctl edit /etc/ssh/sshd_config --confirm 5min\n",
          1, 1, OPTION_FROM | OPTION_YES | OPTION_CONFIRM | DECISION, command_edit },
        { "confirm", "[PATH]", "keep an edit that would undo itself",
          "After `edit --confirm` only: from a login over ssh that began after the edit. A\n"
          "shell that was open before shows nothing, nor does a shared connection. Without\n"
          "PATH every edit that waits is meant.\n"
          "\n"
          "  ssh -o ControlPath=none root@host.example.org sshguardctl confirm\n"
          "  sshguardctl confirm --undo            put back what was there, at once\n",
          0, 1, OPTION_UNDO, command_confirm },
        { "restore", "PATH|INCIDENT", "put back the approved version, or a replaced one",
          "For a path: its approved version; what is there goes, and is kept. For an\n"
          "incident: the version that was replaced, which becomes the approved one. If it\n"
          "breaks a rule, an exception is needed.\n"
          "\n"
          "  sshguardctl restore /etc/ssh/sshd_config --reason \"nobody knows of it\"\n"
          "  sshguardctl restore 12 --reason \"it was right\"\n",
          1, 1, DECISION, command_restore },
        { "permit", "[PATH]", "let a path be changed for a while, or list permits",
          "Responses are suspended for the path, alerts are not. At the end it is judged\n"
          "like any other file. Without PATH the permits in force are listed.\n"
          "Debian packages need no permit: what dpkg installs is told by its hook.\n"
          "\n"
          "  sshguardctl permit /etc/ssh/sshd_config --for 30min --reason \"migration\"\n"
          "  sshguardctl permit --revoke 3\n",
          0, 1, OPTION_FOR | OPTION_REASON | OPTION_USES | OPTION_REVOKE, command_permit },
        { "pause", "", "suspend all responses for a while; alerts go on",
          "\n  sshguardctl pause --for 1h --reason \"restoring a backup\"\n", 0, 0,
          OPTION_FOR | OPTION_REASON, command_pause },
        { "resume", "", "end a pause", "What drifted meanwhile is answered at once.\n", 0, 0, 0,
          command_resume },
        { "unlock", "PATH", "lift the immutable flag of a locked path for a while",
          "\n  sshguardctl unlock /etc/ssh/sshd_config --for 10min --reason \"editing\"\n", 1, 1,
          OPTION_FOR | OPTION_REASON, command_unlock },
        { "package-run", "begin|end", "said by dpkg's hook: packages are installed, or were",
          "In between responses wait, but for users' own files, and locks are lifted.\n"
          "At the end what packages brought is approved, and all else is judged. See\n"
          "/etc/dpkg/dpkg.cfg.d/sshguardd.\n",
          1, 1, OPTION_REASON, command_package_run },
        { "check", "", "look at everything now and wait for the result",
          "Exit status 1 if a rule does not hold.\n", 0, 0, 0, command_check },
        { "explain", "RULE", "a rule: why, from where, what holds, what decides",
          "\n  sshguardctl explain sshd.password-authentication\n", 1, 1, 0, command_explain },
        { "monitor", "", "what happens, as it happens",
          "With --json one object a line. Ends with Ctrl-C.\n", 0, 0, 0, command_monitor },
        { "metrics", "", "numbers for a monitoring system, as OpenMetrics text",
          "\n"
          "  systemctl enable --now sshguardd-metrics.timer   for node_exporter\n"
          "  sshguardctl metrics > /var/lib/prometheus/node-exporter/sshguardd.prom\n",
          0, 0, 0, command_metrics },
        { "generate-policy", "", "a policy out of the machine as it is, for review",
          "Settings of sshd that are stricter than the default become rules, each with the\n"
          "line that sets it. Review them: keep what you mean, and say what the guard shall\n"
          "do.\n"
          "\n"
          "  sshguardctl generate-policy > /etc/sshguardd/policy.d/50-site.conf\n"
          "  sshguardd --test-policy && sshguardctl reload\n",
          0, 0, 0, command_generate_policy },
        { "reload", "", "load configuration and policy again",
          "A policy with an error changes nothing; the error is shown with file and line.\n", 0, 0,
          0, command_reload },
};

const struct command *commands(size_t *ret_n) {
        *ret_n = N_ELEMENTS(table);
        return table;
}

"""What a page does, a program can do: every address that takes a form has its call of the API, or a reason for none."""

from __future__ import annotations

from tests.webapp.permissions.checking import addresses, parts
from tests.webapp.permissions.table import PERSON, UNBOUND

# page → (name of the call, its method), or why there is none.
TWINS: dict[str, tuple[str, str] | str] = {
    "annotation:label_answers": "The labelling page's outbox; programs bring files of labels.",
    "annotation:label_reveal": "A person at the labelling page asks to see the answer.",
    "annotation:label_lease": "Tasks for a person at the labelling page.",
    "annotation:label_keys": "The keyboard of a person at the labelling page.",
    "annotation:campaign_new": ("annotation:api_campaigns", "POST"),
    "annotation:campaign_upload": ("annotation:api_campaign_uploads", "POST"),
    "annotation:campaign_change": ("annotation:api_campaign", "PATCH"),
    "annotation:campaign_join": ("annotation:api_campaign_annotators", "POST"),
    "annotation:campaign_leave": ("annotation:api_campaign_annotator", "DELETE"),
    "annotation:campaign_quota": ("annotation:api_campaign_annotator", "PATCH"),
    "annotation:campaign_remind": ("annotation:api_campaign_reminders", "POST"),
    "annotation:taxonomies": ("annotation:api_taxonomies", "POST"),
    "annotation:example_of_case": ("annotation:api_taxonomy_pictures", "POST"),
    "annotation:example_of_sample": ("annotation:api_taxonomy_pictures", "POST"),
    "annotation:taxonomy_edit": ("annotation:api_taxonomy", "POST"),
    "annotation:taxonomy_archive": ("annotation:api_taxonomy", "PATCH"),
    "annotation:files": ("annotation:api_labels", "POST"),
    "annotation:label_file": ("annotation:api_label_file", "POST"),
    "annotation:decide": ("annotation:api_decisions", "POST"),
    "annotation:reopen": ("annotation:api_decisions", "POST"),
    "annotation:gold": ("annotation:api_gold", "POST"),
    "annotation:freeze": ("annotation:api_freeze", "POST"),
    "experiments:new": ("experiments:api_runs", "POST"),
    "experiments:check": "What stands beside the form while it is filled in; a program is told by the launch itself.",
    "experiments:bundle": ("experiments:api_bundle", "POST"),
    "experiments:cancel": ("experiments:api_cancel", "POST"),
    "experiments:resume": ("experiments:api_resume", "POST"),
    "experiments:rerun": ("experiments:api_rerun", "POST"),
    "experiments:mine": ("experiments:api_runs", "POST"),
    "experiments:delete": ("experiments:api_run", "DELETE"),
    "experiments:models": ("experiments:api_models", "POST"),
    "experiments:model_remove": ("experiments:api_model", "DELETE"),
    "experiments:endpoint": ("experiments:api_endpoint", "PUT"),
    "experiments:endpoint_forget": ("experiments:api_endpoint", "DELETE"),
    "experiments:caption_change": ("experiments:api_captions", "POST"),
    "experiments:captions_anew": ("experiments:api_captions_anew", "POST"),
    "experiments:captions_keep": ("experiments:api_captions_keep", "POST"),
    "experiments:caption_files": ("experiments:api_caption_files", "POST"),
    "experiments:caption_file_remove": ("experiments:api_caption_file", "DELETE"),
    "experiments:probes": ("experiments:api_case_probes", "POST"),
    "experiments:probe_pin": ("experiments:api_probe", "PATCH"),
    "experiments:probe_unpin": ("experiments:api_probe", "PATCH"),
    "experiments:probe_remove": ("experiments:api_probe", "DELETE"),
    "accounts:setup": "The first account, made before anybody could hold a token.",
    "accounts:invitation": "A person gets an account by it, and has none before.",
    "accounts:project_new": ("accounts:api_projects", "POST"),
    "accounts:project_settings": ("accounts:api_project", "PATCH"),
    "accounts:people": ("accounts:api_invitations", "POST"),
    "accounts:member_role": ("accounts:api_member", "PATCH"),
    "accounts:member_remove": ("accounts:api_member", "DELETE"),
    "accounts:invitation_revoke": ("accounts:api_invitation", "DELETE"),
    "accounts:profile": ("accounts:api_me", "PATCH"),
    "accounts:tokens": "A token that made tokens would outlive being taken back; a secret is shown to a person alone.",
    "accounts:token_revoke": ("accounts:api_token", "DELETE"),
    "accounts:administration_people": ("accounts:api_account_invitations", "POST"),
    "accounts:administration_person": ("accounts:api_reset_link", "POST"),
    "accounts:person_deactivate": ("accounts:api_person", "PATCH"),
    "accounts:person_reactivate": ("accounts:api_person", "PATCH"),
    "accounts:person_promote": ("accounts:api_person", "PATCH"),
    "accounts:person_demote": ("accounts:api_person", "PATCH"),
    "accounts:person_second_factor": ("accounts:api_second_factor", "DELETE"),
    "accounts:account_invitation_revoke": ("accounts:api_account_invitation", "DELETE"),
    "accounts:project_add_owner": ("accounts:api_owners", "POST"),
    "corpora:import_folder": ("corpora:api_imports", "POST"),
    "corpora:import_upload": ("corpora:api_upload", "POST"),
    "corpora:import_scenes": ("corpora:api_imports", "POST"),
    "corpora:import_confirm": ("corpora:api_import_confirm", "POST"),
    "corpora:import_cancel": ("corpora:api_import_cancel", "POST"),
    "corpora:archive": ("corpora:api_archive", "POST"),
    "corpora:restore": ("corpora:api_restore", "POST"),
    "corpora:delete": ("corpora:api_corpus", "DELETE"),
    "corpora:roots": ("corpora:api_roots", "POST"),
    "corpora:root_remove": ("corpora:api_root", "DELETE"),
    "verdicts:compare_again": ("verdicts:api_comparison", "POST"),
    "verdicts:registration_new": ("verdicts:api_registrations", "POST"),
    "verdicts:registration_withdraw": ("verdicts:api_registration_withdraw", "POST"),
    "verdicts:ledger_again": ("verdicts:api_ledger", "POST"),
    "verdicts:ledger_broken": ("verdicts:api_ledger_broken", "POST"),
    "verdicts:claims": ("verdicts:api_claims", "POST"),
    "verdicts:claim_delete": ("verdicts:api_claim", "DELETE"),
    "dashboards:agreement_again": ("dashboards:api_agreement", "POST"),
    "dashboards:report_new": ("dashboards:api_reports", "POST"),
    "dashboards:report_words": ("dashboards:api_report_texts", "POST"),
    "dashboards:report_remove": ("dashboards:api_report", "DELETE"),
}
NEEDS = {row.name: row.needs for module in parts().values() for row in module.ROWS}


def test_every_page_that_takes_a_form_has_its_call_or_a_reason_for_none():
    pages = {name for name, needs in NEEDS.items() if "POST" in needs and ":api_" not in name}
    ours = {name for name in pages if not name.startswith(("account_", "mfa_"))}  # those are about signing in
    assert (sorted(ours - set(TWINS)), sorted(set(TWINS) - ours)) == ([], [])


def test_every_twin_takes_its_method_behind_the_same_door():
    there = {address.name for address in addresses()}
    for page, twin in TWINS.items():
        if isinstance(twin, str):
            continue
        name, method = twin
        assert name in there and method in NEEDS[name], (page, twin)
        doors = {NEEDS[page]["POST"], NEEDS[name][method]}
        assert len(doors) == 1 or doors == {PERSON, UNBOUND}, (page, doors)

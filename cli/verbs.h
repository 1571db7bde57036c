/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H
/* The functions that the table in commands.c names; each returns an exit code.
 * One file a noun, or a few small ones together. */
struct cli_session;

int cli_project_list(struct cli_session *session);
int cli_project_create(struct cli_session *session);
int cli_project_show(struct cli_session *session);
int cli_project_delete(struct cli_session *session);
int cli_project_set(struct cli_session *session);

int cli_device_create(struct cli_session *session);
int cli_device_list(struct cli_session *session);
int cli_device_show(struct cli_session *session);
int cli_device_shadow(struct cli_session *session);
int cli_device_tag_add(struct cli_session *session);
int cli_device_tag_remove(struct cli_session *session);
int cli_device_enable(struct cli_session *session);
int cli_device_disable(struct cli_session *session);
int cli_device_history(struct cli_session *session);
int cli_device_delete(struct cli_session *session);
int cli_device_set(struct cli_session *session);
int cli_device_bulk(struct cli_session *session);

int cli_credential_add(struct cli_session *session);
int cli_credential_list(struct cli_session *session);
int cli_credential_rotate(struct cli_session *session);
int cli_credential_delete(struct cli_session *session);

int cli_ca_create(struct cli_session *session);
int cli_certificate_add(struct cli_session *session);
int cli_certificate_list(struct cli_session *session);
int cli_certificate_show(struct cli_session *session);
int cli_certificate_delete(struct cli_session *session);
int cli_certificate_device(struct cli_session *session);
int cli_certificate_revoke(struct cli_session *session);
int cli_certificate_revoked(struct cli_session *session);
int cli_certificate_restore(struct cli_session *session);

int cli_blueprint_create(struct cli_session *session);
int cli_blueprint_list(struct cli_session *session);
int cli_blueprint_set(struct cli_session *session);
int cli_blueprint_delete(struct cli_session *session);
int cli_tag_create(struct cli_session *session);
int cli_tag_list(struct cli_session *session);
int cli_tag_rename(struct cli_session *session);
int cli_tag_delete(struct cli_session *session);

int cli_artifact_upload(struct cli_session *session);
int cli_artifact_list(struct cli_session *session);
int cli_artifact_show(struct cli_session *session);
int cli_artifact_download(struct cli_session *session);
int cli_artifact_delete(struct cli_session *session);
int cli_artifact_compatibility(struct cli_session *session);

int cli_artifact_sign(struct cli_session *session);

int cli_key_create_command(struct cli_session *session);
int cli_key_public(struct cli_session *session);
int cli_key_c_header(struct cli_session *session);
int cli_key_sign_command(struct cli_session *session);
int cli_key_verify(struct cli_session *session);
int cli_key_rotate(struct cli_session *session);
int cli_key_publish(struct cli_session *session);
int cli_key_list(struct cli_session *session);

int cli_release_create(struct cli_session *session);
int cli_release_list(struct cli_session *session);
int cli_release_show(struct cli_session *session);
int cli_release_rollout_on(struct cli_session *session);
int cli_release_rollout_off(struct cli_session *session);
int cli_release_delete(struct cli_session *session);
int cli_release_status(struct cli_session *session);
int cli_release_shadow(struct cli_session *session);
int cli_release_devices(struct cli_session *session);
int cli_release_preview(struct cli_session *session);
int cli_release_policy(struct cli_session *session);

int cli_ota_events(struct cli_session *session);

int cli_setting_set(struct cli_session *session);
int cli_setting_list(struct cli_session *session);
int cli_setting_delete(struct cli_session *session);
int cli_device_settings(struct cli_session *session);
int cli_state_get(struct cli_session *session);
int cli_state_set(struct cli_session *session);
int cli_state_merge(struct cli_session *session);
int cli_state_delete(struct cli_session *session);
int cli_rpc(struct cli_session *session);
int cli_log(struct cli_session *session);

int cli_capture_list(struct cli_session *session);
int cli_capture_show(struct cli_session *session);
int cli_capture_play(struct cli_session *session);
int cli_capture_download(struct cli_session *session);
int cli_capture_label(struct cli_session *session);
int cli_capture_export(struct cli_session *session);
int cli_capture_delete(struct cli_session *session);

int cli_api_key_create(struct cli_session *session);
int cli_api_key_list(struct cli_session *session);
int cli_api_key_enable(struct cli_session *session);
int cli_api_key_disable(struct cli_session *session);
int cli_api_key_delete(struct cli_session *session);

int cli_model_inspect(struct cli_session *session);
int cli_model_pack(struct cli_session *session);
int cli_model_unpack(struct cli_session *session);
int cli_model_test(struct cli_session *session);
int cli_model_evaluate(struct cli_session *session);
int cli_model_evaluations(struct cli_session *session);

int cli_status(struct cli_session *session);
int cli_login(struct cli_session *session);
int cli_logout(struct cli_session *session);
int cli_profile_list(struct cli_session *session);
int cli_profile_use(struct cli_session *session);
int cli_profile_delete(struct cli_session *session);
int cli_overview(struct cli_session *session);
int cli_audit(struct cli_session *session);
int cli_live(struct cli_session *session);
int cli_api_call(struct cli_session *session);

int cli_account_show(struct cli_session *session);
int cli_account_set(struct cli_session *session);
int cli_account_sessions(struct cli_session *session);
int cli_account_sign_out(struct cli_session *session);
int cli_organization_list(struct cli_session *session);
int cli_organization_create(struct cli_session *session);
int cli_organization_rename(struct cli_session *session);
int cli_organization_delete(struct cli_session *session);
int cli_member_list(struct cli_session *session);
int cli_member_invite(struct cli_session *session);
int cli_member_set(struct cli_session *session);
int cli_member_link(struct cli_session *session);
int cli_member_remove(struct cli_session *session);

int cli_virtual_create(struct cli_session *session);
int cli_virtual_list(struct cli_session *session);
int cli_virtual_delete(struct cli_session *session);

int cli_completion_bash(struct cli_session *session);
int cli_completion_zsh(struct cli_session *session);
int cli_completion_fish(struct cli_session *session);
int cli_manual(struct cli_session *session);
int cli_reference(struct cli_session *session);
#endif

/** What runs of one project print, about 1 KB each; `{n}` and `{h}` become numbers and codes that differ. Of twenty runs fourteen are English. */
export const runLogs: readonly (readonly string[])[] = [
  [
    'Penstock 0.1.0, Node 24.21.0, adaptor common 3.3.4',
    'Received the form visit_v2 of household {h} in district Kono, sent by tablet-0417 of the community health worker',
    'Looking up the patient in the registry of the ministry of health by the external id {h}',
    'GET https://registry.example.org/api/v2/patients?external_id={h}&fields=name,dob,village 200 in 214 ms',
    'Patient found, the record will be updated with the new visit: weight 61.5 kg, pulse 78, no fever, no danger signs',
    'Medication list: zinc 20 mg for ten days, oral rehydration salts, paracetamol as needed; no interactions known',
    'PUT https://registry.example.org/api/v2/patients/{h} 204 in 88 ms',
    'The case needs a referral to the regional hospital because of the distance; the family has been informed and agrees',
    'POST https://hospital.example.org/referrals 201 in 140 ms, referral number {n}, priority normal',
    'Notified the supervisor of the community health worker by text message, delivery receipt is expected within an hour',
    'Done: 1 patient, 1 visit, 1 referral; the state has 14 keys and 1203 bytes',
  ],
  [
    'Penstock 0.1.0, Node 24.21.0, adaptor common 3.3.4',
    'Formulaire visite_v2 reçu du ménage {h} dans la préfecture de Nzérékoré, envoyé par la tablette 0417 de l’agent',
    'Recherche du patient dans le registre du ministère de la santé, identifiant externe {h}',
    'GET https://registre.example.org/api/v2/patients?external_id={h} 200 en 214 ms',
    'Patient trouvé, le dossier sera mis à jour avec la nouvelle visite : poids 61,5 kg, pouls 78, sans fièvre',
    'Médicaments : zinc 20 mg pendant dix jours, sels de réhydratation orale, paracétamol si nécessaire',
    'PUT https://registre.example.org/api/v2/patients/{h} 204 en 88 ms',
    'Référence vers l’hôpital régional en raison de la distance ; la famille a été informée et elle est d’accord',
    'POST https://hopital.example.org/references 201 en 140 ms, numéro {n}, priorité normale',
    'Le superviseur de l’agent de santé communautaire a été averti par SMS',
    'Terminé : 1 patient, 1 visite, 1 référence',
  ],
  [
    'Penstock 0.1.0, Node 24.21.0, adaptor common 3.3.4',
    'تم استلام نموذج الزيارة من الأسرة {h} في منطقة الجزيرة، أرسله جهاز العامل الصحي',
    'البحث عن المريض في سجل وزارة الصحة بالرقم {h}',
    'GET https://registry.example.org/api/v2/patients?external_id={h} 200',
    'تم العثور على المريض، سيتم تحديث الملف بالزيارة الجديدة: الوزن والنبض ولا توجد حمى',
    'قائمة الأدوية: زنك لمدة عشرة أيام، أملاح الإماهة الفموية، باراسيتامول عند الحاجة',
    'إرسال الإحالة إلى المستشفى الإقليمي بسبب بعد المسافة، وقد أبلغت الأسرة ووافقت',
    'تم إخطار المشرف على العامل الصحي برسالة نصية؛ رقم الإحالة {n}',
    'انتهى: مريض واحد، زيارة واحدة، إحالة واحدة',
  ],
  [
    'Penstock 0.1.0, Node 24.21.0, adaptor common 3.3.4',
    '收到家庭{h}的访问表单，地区：昆明市，由社区卫生工作者的平板电脑发送',
    '在卫生部登记处按外部编号{h}查找患者',
    'GET https://registry.example.org/api/v2/patients?external_id={h} 200',
    '找到患者，将用新的访问更新记录：体重六十一公斤，脉搏正常，没有发烧，没有危险信号',
    '药物清单：锌，十天；口服补液盐；必要时服用对乙酰氨基酚；没有已知的相互作用',
    '由于距离远，需要转诊到地区医院；已通知家属并得到同意，转诊编号 {n}',
    '已通过短信通知社区卫生工作者的主管，预计一小时内收到回执',
    '患者登録が完了しました。完成：1名患者，1次访问，1次转诊',
  ],
]

/** Which of them the run of this number prints. */
export const languageOf = (n: number): number => [14, 17, 19].filter((first) => n % 20 >= first).length

/// The signed messages of the fact sheet (providers/vectors.json, "sns"), for the tests of the scheme `sns`.
#pragma once

#include <map>
#include <patchbay/json.hpp>
#include <string>

namespace patchbay::connectors::test {

/// CN sns.test.patchbay.example, RSA 2048, self-signed, 2020 to 2120.
inline constexpr const char* kCertificate = R"(-----BEGIN CERTIFICATE-----
MIICwzCCAaugAwIBAgIBATANBgkqhkiG9w0BAQsFADAkMSIwIAYDVQQDDBlzbnMu
dGVzdC5wYXRjaGJheS5leGFtcGxlMCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAx
MDAwMDAwWjAkMSIwIAYDVQQDDBlzbnMudGVzdC5wYXRjaGJheS5leGFtcGxlMIIB
IjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEArYDJA/bDiX1Z4t74gqI7R8RO
+QXyOl/uPcJXFo2M8sex+AAmwVVA022bDfwEglGLmwrwTl4F8jLLO+5PVpa8Ttjv
ZT7pBO2q+RLNvSdD3GE2J3dL6Bq2oLpGqa0Y1QaRlttTATMHZgYq0rDw8N5dAgid
WhpnuwlE/vNn/k3iEYB29NQqspLTF77qmiWbXsb+r6B5UiYc7UQqeuDn/msW1mkt
HrT/JiIN9YtOm/fimbD+T6uL7jIswW9zlHKPwAc6gTL2LT1tx8xvE4fEyqN/CDSX
HrtxaObvBxy+wlMywhkfOT5f3HlJBal5/FFkb/eD3CU3Hu9f0y0QEhH8XR1H2wID
AQABMA0GCSqGSIb3DQEBCwUAA4IBAQAI/08e3Shov1grS8J5xpQzRqVlYHCPiIt1
PfHutVDEuBSYswJCopKyvg0VihKRo2bIdCrDK96GPdFniODhEwlSWmThfyER3SYH
BuFG7oeNIet3Jiejw4ar0uSBBRosoE+NQetP2kOuKZVcGrWC7aZ5wnbV65W4dUWl
fe3bp4jAA5H2A2YAB5/gfS64gwPw7SYuR+/QjXdbc4vBzxg9IhJoLQnvco5E1NAC
990QfOgTeI4cxL5zNiVgxETa8BmjUUPhcDbQzisit5AD9Wpf0/ZEK990uywOGrBG
Zv//8Teq7h1ZlBRJK101h+IgA1BwW3h0mCgHoL9sKldKFKG/aq+R
-----END CERTIFICATE-----
)";

/// The digit of a name is the signature version: N1, Nnosubj1, S1, U1 and the same with 2.
inline Json vectorOf(const std::string& name) {
  static const std::map<std::string, const char*> kMessages{
      {"N1",
       R"vector({
 "TopicArn": "arn:aws:sns:eu-west-1:111122223333:patchbay-mail",
 "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem",
 "Type": "Notification",
 "MessageId": "7f1f7b0e-0000-5000-8000-000000000001",
 "Subject": "Amazon SES Email Event Notification",
 "Message": "{\"eventType\":\"Delivery\",\"mail\":{\"messageId\":\"0102018f00000000-aaaa\"},\"note\":\"café\"}\n",
 "Timestamp": "2026-01-02T03:04:05.678Z",
 "SignatureVersion": "1",
 "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=arn:aws:sns:eu-west-1:111122223333:patchbay-mail:0a",
 "Signature": "ok0efwkACK7kOhKsRRrUugk9pdfapfShf1ZCMp8pP7Aa4Yf/LuPXRb6JlJiVgPXKLJ+Udg7erT3zh78MY+89xbp8QgqKb3AcwWtMwOyjfs7X8IZmfwljvTkLnrhDTe6L+yjC1Y1zJxmOw6CSJd0oZayB31/UTaVPhH5LW0LkArlnP5vw5vodGTkCY1NjG9HWBUcb8SvVytNHbvoiNQVS+SyNoaReksGTWHtp1OZaclsKxHq9ak5AxVoDHavBqO9iO9/G7UT2aEb1KgeG1aLL/fDFprUrYQV8Ju82KbEmhhnu/9ZOMPENls37MVnVphLq1anHz6dtNmsIatNR0kCKGg=="
})vector"},
      {"Nnosubj1",
       R"vector({
 "TopicArn": "arn:aws:sns:eu-west-1:111122223333:patchbay-mail",
 "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem",
 "Type": "Notification",
 "MessageId": "7f1f7b0e-0000-5000-8000-000000000002",
 "Message": "plain",
 "Timestamp": "2026-01-02T03:04:06.000Z",
 "SignatureVersion": "1",
 "Signature": "gVfTh1/VQF4uAvnWDXBS0FrwpbTByP70UgR5vzzFJAruVpGH92EWSV/QjW/iVR6+qZKqwnQrl1eMG5+PPYs/isuYj5s3ukzj2iq8c+bWGNcs+KYYROpVsyNoNRNbfp6XIbZqde4jC2WnriaCM1xZHEQtah93cQWPQw0xi4PIo1+G/6Gyvd1PCkoVcw54ZidPrczlFYcN7HjbdThmzWZY0G7mta0+V+UcQNhQQYvfJhTHxdWud1EoJnsspuKFsSzO6ds9puUUoAJlOWZttYHo1baeOF92FapPikZ9W16K72ATFLtyhXuer1lyKMaZF/L4gr2bZpgDndAGaYYNFwKJ0w=="
})vector"},
      {"S1",
       R"vector({
 "TopicArn": "arn:aws:sns:eu-west-1:111122223333:patchbay-mail",
 "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem",
 "Type": "SubscriptionConfirmation",
 "MessageId": "7f1f7b0e-0000-5000-8000-000000000003",
 "Token": "5a7c00patchbaytoken00deadbeef0123456789abcdef00",
 "Message": "Please confirm patchbay-mail.\nSecond line of the text.",
 "SubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-west-1:111122223333:patchbay-mail&Token=5a7c00patchbaytoken00deadbeef0123456789abcdef00",
 "Timestamp": "2026-01-02T03:04:07.000Z",
 "SignatureVersion": "1",
 "Signature": "BYjEBdP+q6lE4BAzAlrqfC+ZR0myaEAi37ms68E/WPFYhQgs/EyrSbUTqhxeG9D/jRnUn1NBSZBUl44gaFgUacAbZfTBIqLeJqvBg+s0z36rCyvewKy+u8xiRzCsxKsUPz10EP9upxV/SYmz1U4MctCKx7s9fiv8MHesmSEbXRsm8KXNCpi/5B+KlrzX6aiTZ/CuIIcd2I6/jyyOFDllOJPHWpfvRf2vZXTLVkeESaJTXVs8C57gNFfhkuc9Wu2V9T2hniA1QZoMjRt4K07bRSUjb5a8Hl6NoDi8lVFE+25iRvvPcaa6IdkdNzeG1MM8NuPDITGtRpwoeM8UvGK2Ww=="
})vector"},
      {"U1",
       R"vector({
 "TopicArn": "arn:aws:sns:eu-west-1:111122223333:patchbay-mail",
 "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem",
 "Type": "UnsubscribeConfirmation",
 "MessageId": "7f1f7b0e-0000-5000-8000-000000000004",
 "Token": "5a7c00patchbaytoken00deadbeef0123456789abcdef00",
 "Message": "Subscription 0a of patchbay-mail was removed.\nSecond line of the text.",
 "SubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-west-1:111122223333:patchbay-mail&Token=5a7c00patchbaytoken00deadbeef0123456789abcdef00",
 "Timestamp": "2026-01-02T03:04:08.000Z",
 "SignatureVersion": "1",
 "Signature": "g8CqVQhKn+iCPlEHVGXxp6vSh4/tppTyIAR50qxSpFegeFtNHI0wxO3WoCN1064BhTXfGzm3I6V/yevxGo0kDxNGx7avY7q4m9Fvws4+6kglmbGmdrZPzUj+LsRUc1k+AIvB6Vks2QC/HSNu4LDgjrXMSxjk/PQrM9/QhVcXNnzrxPwJJovLJoISSLbKthGh9OjdnassZb3hmZ5F9yjDWG07dGVoGPvBfIOPSKd3LxTT2aswpXqZRPq6ri5uzLLBn5qI/kOKfJ2zzUnCPh71V83bcQhfS73/y6mT3YnhSSiOtv0ZP6YYT1kU1SZh9wvJ6yOSal4VtsNGR10yY8vA9g=="
})vector"},
      {"N2",
       R"vector({
 "TopicArn": "arn:aws:sns:eu-west-1:111122223333:patchbay-mail",
 "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem",
 "Type": "Notification",
 "MessageId": "7f1f7b0e-0000-5000-8000-000000000001",
 "Subject": "Amazon SES Email Event Notification",
 "Message": "{\"eventType\":\"Delivery\",\"mail\":{\"messageId\":\"0102018f00000000-aaaa\"},\"note\":\"café\"}\n",
 "Timestamp": "2026-01-02T03:04:05.678Z",
 "SignatureVersion": "2",
 "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=arn:aws:sns:eu-west-1:111122223333:patchbay-mail:0a",
 "Signature": "IPk2FYUxy2xwTkeV+WFwJaV8e6fxFFbDw41QYzCPKWGHdmgtICEfV+cvsmg+qM4VCfPnMGVl9+5TWXMYrbEpgskQex5oiwUngKb1YSr5bU0Ti5GRLpmzieyoQvCwfO/OBI3N+7XH5JyRN4wFxH+8w0Rw6o+QCVPazET8+FC/eO+Eu22413jPzvEee+HqFTGO/EX9bPJhUC6nMQQbPjEveMZ9DycpB33UPu+h1NeChhCs2aRWsU2VEpZDlu9QP8UqhP9T1NXdANigTkEUtuap2urs2v/9kORid9hDElwKCJo1N4cbSn/AyMuDUQuUD75hE+TJfRzFNvpHQyenZTd8tQ=="
})vector"},
      {"Nnosubj2",
       R"vector({
 "TopicArn": "arn:aws:sns:eu-west-1:111122223333:patchbay-mail",
 "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem",
 "Type": "Notification",
 "MessageId": "7f1f7b0e-0000-5000-8000-000000000002",
 "Message": "plain",
 "Timestamp": "2026-01-02T03:04:06.000Z",
 "SignatureVersion": "2",
 "Signature": "TEKakpTeJ8crbVGATn3YqwJpLqlJbQ+yFXBuFZC0isdz3+SofuO3PQ2aLuScgaNhgXUdccf6oFHLrV1WDW1VX1fEV+LK8F5s0Z3rvKo4O0YkW2xLi/b5c5i2+ws3/aB6UkbyI/nBhAy769SH7orf0LS13vqqrvCNTq7cb/zaj6debJRgfRreFL11jfi2Of0dDogbzO1wJgKVfbXxkz5on07UOrHXvg3H+Xgoj0+UEHpcmlReGSRJlfEMUzJAa1yDRNJW1uNA1rbXI2b2wR5sbtodEl5cBTZ2nbklQ2nf52KVWwp0sh0EDcXCCB+E6LhXwAphrgEuJA/pPUi8zPgKDg=="
})vector"},
      {"S2",
       R"vector({
 "TopicArn": "arn:aws:sns:eu-west-1:111122223333:patchbay-mail",
 "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem",
 "Type": "SubscriptionConfirmation",
 "MessageId": "7f1f7b0e-0000-5000-8000-000000000003",
 "Token": "5a7c00patchbaytoken00deadbeef0123456789abcdef00",
 "Message": "Please confirm patchbay-mail.\nSecond line of the text.",
 "SubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-west-1:111122223333:patchbay-mail&Token=5a7c00patchbaytoken00deadbeef0123456789abcdef00",
 "Timestamp": "2026-01-02T03:04:07.000Z",
 "SignatureVersion": "2",
 "Signature": "YZ+Izt5QRSh+HKPNKkWkeyaMhGJ+tnXFBJ89zn/+J7asM9pVwvRIH98aUdzpBZTbZZkJ4Kpn81to3n6pfHmGWj/JeUj0Mb+27qJIQpqD4QFNq9+INR3rF/V0klBApcnAs+mipLD9Co1g8oOht5Xiyl4K2F36npwIBdQP4Yqank326Ej5lFuJydeLahUCniuRbEQPO8h6lBR1+rsicQGNUJMoFisH5X07JMU9uFCHsgYIUFCxv+o1Jp2Im3z/drBBynO6HiG+4czcq670GTi2Bmo4AsEZPzp2f/oALU32ifky88OD+RkMWZElQIBUqA1H84oT557NICsAczZnPDR4xg=="
})vector"},
      {"U2",
       R"vector({
 "TopicArn": "arn:aws:sns:eu-west-1:111122223333:patchbay-mail",
 "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem",
 "Type": "UnsubscribeConfirmation",
 "MessageId": "7f1f7b0e-0000-5000-8000-000000000004",
 "Token": "5a7c00patchbaytoken00deadbeef0123456789abcdef00",
 "Message": "Subscription 0a of patchbay-mail was removed.\nSecond line of the text.",
 "SubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-west-1:111122223333:patchbay-mail&Token=5a7c00patchbaytoken00deadbeef0123456789abcdef00",
 "Timestamp": "2026-01-02T03:04:08.000Z",
 "SignatureVersion": "2",
 "Signature": "KqI0hI6KQI2onUCIfB0kq/0z6phMmgFcl0as/rBufKpiuhPJbxeW+OtqVj8uyWVK/MnfA5lyTUceyV+O+4qeESVb2qa7H+GLLn43GRaJoVhPus8l+LL+rY9Y+meVslxNWZJ+ejQClUSdcQqopmwOUpjJRJMODrsaqsCt96TNEFEYH6yx8oDN1nRam3kXBMEDymcRyNwX0ujn2qf0rEE4beW6Ga2iCAlWx3qdaQ/m4InwuvkJkPNXFJ3jgPj0cZNs0XfymU8nwIr4j0WdE4B6ooap2fVjQMq7Mx91Ti30ll1zkl+9kaqTquyCZ0lTaeUjisAwL6gczGMHzQ9hoYevaw=="
})vector"},
  };
  return parseJson(kMessages.at(name));
}

}  // namespace patchbay::connectors::test

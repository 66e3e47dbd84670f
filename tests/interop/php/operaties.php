<?php
// The operations of WSDLs, as PHP's SoapClient reads them: php operaties.php WSDL...
$gelezen = [];
foreach (array_slice($argv, 1) as $wsdl) {
    $client = new SoapClient($wsdl, ["cache_wsdl" => WSDL_CACHE_NONE]);
    preg_match_all('/^\S+ (\w+)\(/m', implode("\n", $client->__getFunctions()), $gevonden);
    $gelezen[$wsdl] = $gevonden[1];
}
echo json_encode($gelezen), "\n";
